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
        $text = if ($value -match '[\s''"`$;,|&(){}]') { "'" + $value.Replace("'", "''") + "'" } else { $value }
        [System.Management.Automation.CompletionResult]::new($text, $value, 'ParameterValue', $help)
    }
}
