
using namespace System.Management.Automation
using namespace System.Management.Automation.Language

Register-ArgumentCompleter -Native -CommandName 'whybounce' -ScriptBlock {
    param($wordToComplete, $commandAst, $cursorPosition)

    $commandElements = $commandAst.CommandElements
    $command = @(
        'whybounce'
        for ($i = 1; $i -lt $commandElements.Count; $i++) {
            $element = $commandElements[$i]
            if ($element -isnot [StringConstantExpressionAst] -or
                $element.StringConstantType -ne [StringConstantType]::BareWord -or
                $element.Value.StartsWith('-') -or
                $element.Value -eq $wordToComplete) {
                break
        }
        $element.Value
    }) -join ';'

    $completions = @(switch ($command) {
        'whybounce' {
            [CompletionResult]::new('-f', '-f', [CompletionResultType]::ParameterName, 'Read these files, packed by gzip or zstd or not; ''-'' is standard input')
            [CompletionResult]::new('--file', '--file', [CompletionResultType]::ParameterName, 'Read these files, packed by gzip or zstd or not; ''-'' is standard input')
            [CompletionResult]::new('--from', '--from', [CompletionResultType]::ParameterName, 'Read every record as this kind, instead of recognising each by itself (see --list formats)')
            [CompletionResult]::new('--format', '--format', [CompletionResultType]::ParameterName, 'How verdicts are written; html goes with --summary')
            [CompletionResult]::new('--fields', '--fields', [CompletionResultType]::ParameterName, 'Write these keys only, in this order (json, csv, tsv)')
            [CompletionResult]::new('--only', '--only', [CompletionResultType]::ParameterName, 'Give only verdicts with this value; commas mean or, a further --only means and')
            [CompletionResult]::new('--own', '--own', [CompletionResultType]::ParameterName, 'An IP, network or domain of your own: tell whether what is blamed is yours; may be given several times')
            [CompletionResult]::new('--rules', '--rules', [CompletionResultType]::ParameterName, 'Read rules of your own from this file; they win over the built-in ones; may be given several times')
            [CompletionResult]::new('--check-rules', '--check-rules', [CompletionResultType]::ParameterName, 'Run the examples of the rules in this file, print what fails, and give no verdict')
            [CompletionResult]::new('--explain', '--explain', [CompletionResultType]::ParameterName, 'Explain a cause, code, rule, provider or blocklist, and give no verdict')
            [CompletionResult]::new('--list', '--list', [CompletionResultType]::ParameterName, 'List what is known, and give no verdict')
            [CompletionResult]::new('--color', '--color', [CompletionResultType]::ParameterName, 'When to use colour')
            [CompletionResult]::new('--details', '--details', [CompletionResultType]::ParameterName, 'Give each verdict in full, not on one line')
            [CompletionResult]::new('--json', '--json', [CompletionResultType]::ParameterName, 'Write one JSON object a line; the same as --format json')
            [CompletionResult]::new('--summary', '--summary', [CompletionResultType]::ParameterName, 'Give one report on everything instead of a verdict each (text, json, html)')
            [CompletionResult]::new('-0', '-0', [CompletionResultType]::ParameterName, 'End each value of --fields with a NUL byte, as xargs -0 reads it')
            [CompletionResult]::new('--null', '--null', [CompletionResultType]::ParameterName, 'End each value of --fields with a NUL byte, as xargs -0 reads it')
            [CompletionResult]::new('--no-config', '--no-config', [CompletionResultType]::ParameterName, 'Do not read ~/.config/whybounce/rules.toml')
            [CompletionResult]::new('--redact', '--redact', [CompletionResultType]::ParameterName, 'Name nobody: mask the local part of every address, in every output')
            [CompletionResult]::new('--exit-status', '--exit-status', [CompletionResultType]::ParameterName, 'Let the exit status of a single record tell its verdict')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Print nothing; the exit status is the answer')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Print nothing; the exit status is the answer')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('-V', '-V ', [CompletionResultType]::ParameterName, 'Print version')
            [CompletionResult]::new('--version', '--version', [CompletionResultType]::ParameterName, 'Print version')
            break
        }
    })

    $completions.Where{ $_.CompletionText -like "$wordToComplete*" } |
        Sort-Object -Property ListItemText
}
