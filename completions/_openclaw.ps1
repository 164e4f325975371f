# PowerShell completion for openclaw: in $PROFILE, `openclaw completion powershell | Out-String | Invoke-Expression`.

Register-ArgumentCompleter -Native -CommandName 'openclaw' -ScriptBlock {
    param($wordToComplete, $commandAst, $cursorPosition)

    $before = @($commandAst.CommandElements | Where-Object { $_.Extent.EndOffset -lt $cursorPosition })
    $words = @($before | Select-Object -Skip 1 | ForEach-Object {
        if ($_ -is [System.Management.Automation.Language.StringConstantExpressionAst]) { $_.Value } else { $_.Extent.Text }
    })
    $current = "$wordToComplete".Trim('"', "'")
    $program = $commandAst.GetCommandName()

    $answer = @(& $program '__complete' "--current=$current" '--' @words 2>$null)
    # Without results PowerShell completes files by itself.
    $answer | Select-Object -Skip 1 | ForEach-Object {
        $value, $help = $_ -split "`t", 2
        if (-not $help) { $help = $value }
        # PowerShell takes curly quotes for straight ones.
        $quoted = "'" + ($value -replace "['\u2018-\u201b]", '$0$0') + "'"
        $text = if ($value -match '^[\w./:=+-]+$') { $value } else { $quoted }
        [System.Management.Automation.CompletionResult]::new($text, $value, 'ParameterValue', $help)
    }
}
