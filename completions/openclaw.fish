# fish completion for openclaw.

function __openclaw_offers
    set -l words (commandline -opc)
    set -l program $words[1]
    set -e words[1]
    # Without its quotes, one that is open too: fish writes what it inserts as they ask.
    set -l current (commandline -ct | string unescape)
    set -l answer (command $program __complete --current=$current -- $words 2>/dev/null </dev/null)
    if test "$answer[1]" != files
        set -e answer[1]
        test (count $answer) -gt 0; and printf '%s\n' $answer
        return
    end
    set -l option (string match -r -- '^--[^=]*=' $current; or echo '')
    set -l path (string replace -r -- '^--[^=]*=' '' $current)
    for file in (__fish_complete_path $path)
        printf '%s\n' $option$file
    end
end

complete -c openclaw -f -a '(__openclaw_offers)'
