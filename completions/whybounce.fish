complete -c whybounce -s f -l file -d 'Read these files, packed by gzip or zstd or not; \'-\' is standard input' -r -F
complete -c whybounce -l from -d 'Read every record as this kind, instead of recognising each by itself (see --list formats)' -r
complete -c whybounce -l format -d 'How verdicts are written; html goes with --summary' -r -f -a "text\t''
json\t''
csv\t''
tsv\t''
html\t''"
complete -c whybounce -l fields -d 'Write these keys only, in this order (json, csv, tsv)' -r
complete -c whybounce -l only -d 'Give only verdicts with this value; commas mean or, a further --only means and' -r
complete -c whybounce -l own -d 'An IP, network or domain of your own: tell whether what is blamed is yours; may be given several times' -r
complete -c whybounce -l rules -d 'Read rules of your own from this file; they win over the built-in ones; may be given several times' -r -F
complete -c whybounce -l check-rules -d 'Run the examples of the rules in this file, print what fails, and give no verdict' -r -F
complete -c whybounce -l explain -d 'Explain a cause, code, rule, provider or blocklist, and give no verdict' -r
complete -c whybounce -l list -d 'List what is known, and give no verdict' -r -f -a "causes\t''
codes\t''
providers\t''
blocklists\t''
formats\t''
rules\t''"
complete -c whybounce -l color -d 'When to use colour' -r -f -a "auto\t''
always\t''
never\t''"
complete -c whybounce -l details -d 'Give each verdict in full, not on one line'
complete -c whybounce -l json -d 'Write one JSON object a line; the same as --format json'
complete -c whybounce -l summary -d 'Give one report on everything instead of a verdict each (text, json, html)'
complete -c whybounce -s 0 -l null -d 'End each value of --fields with a NUL byte, as xargs -0 reads it'
complete -c whybounce -l no-config -d 'Do not read ~/.config/whybounce/rules.toml'
complete -c whybounce -l redact -d 'Name nobody: mask the local part of every address, in every output'
complete -c whybounce -l exit-status -d 'Let the exit status of a single record tell its verdict'
complete -c whybounce -s q -l quiet -d 'Print nothing; the exit status is the answer'
complete -c whybounce -s h -l help -d 'Print help (see more with \'--help\')'
complete -c whybounce -s V -l version -d 'Print version'
