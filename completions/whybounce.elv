
use builtin;
use str;

set edit:completion:arg-completer[whybounce] = {|@words|
    fn spaces {|n|
        builtin:repeat $n ' ' | str:join ''
    }
    fn cand {|text desc|
        edit:complex-candidate $text &display=$text' '(spaces (- 14 (wcswidth $text)))$desc
    }
    var command = 'whybounce'
    for word $words[1..-1] {
        if (str:has-prefix $word '-') {
            break
        }
        set command = $command';'$word
    }
    var completions = [
        &'whybounce'= {
            cand -f 'Read these files, packed by gzip or zstd or not; ''-'' is standard input'
            cand --file 'Read these files, packed by gzip or zstd or not; ''-'' is standard input'
            cand --from 'Read every record as this kind, instead of recognising each by itself (see --list formats)'
            cand --format 'How verdicts are written; html goes with --summary'
            cand --fields 'Write these keys only, in this order (json, csv, tsv)'
            cand --only 'Give only verdicts with this value; commas mean or, a further --only means and'
            cand --own 'An IP, network or domain of your own: tell whether what is blamed is yours; may be given several times'
            cand --rules 'Read rules of your own from this file; they win over the built-in ones; may be given several times'
            cand --check-rules 'Run the examples of the rules in this file, print what fails, and give no verdict'
            cand --explain 'Explain a cause, code, rule, provider or blocklist, and give no verdict'
            cand --list 'List what is known, and give no verdict'
            cand --color 'When to use colour'
            cand --details 'Give each verdict in full, not on one line'
            cand --json 'Write one JSON object a line; the same as --format json'
            cand --summary 'Give one report on everything instead of a verdict each (text, json, html)'
            cand -0 'End each value of --fields with a NUL byte, as xargs -0 reads it'
            cand --null 'End each value of --fields with a NUL byte, as xargs -0 reads it'
            cand --no-config 'Do not read ~/.config/whybounce/rules.toml'
            cand --redact 'Name nobody: mask the local part of every address, in every output'
            cand --exit-status 'Let the exit status of a single record tell its verdict'
            cand -q 'Print nothing; the exit status is the answer'
            cand --quiet 'Print nothing; the exit status is the answer'
            cand -h 'Print help (see more with ''--help'')'
            cand --help 'Print help (see more with ''--help'')'
            cand -V 'Print version'
            cand --version 'Print version'
        }
    ]
    $completions[$command]
}
