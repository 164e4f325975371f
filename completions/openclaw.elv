# elvish completion for openclaw: in ~/.config/elvish/rc.elv, `eval (openclaw completion elvish | slurp)`.

use str

set edit:completion:arg-completer[openclaw] = {|@words|
    var answer = []
    try {
        set answer = [((external $words[0]) __complete --current=$words[-1] -- (all $words[1..-1]) 2>/dev/null </dev/null)]
    } catch {
        nop
    }
    if (and (> (count $answer) 0) (eq $answer[0] files)) {
        edit:complete-filename $@words
    } elif (> (count $answer) 1) {
        for line $answer[1..] {
            var value help = (str:split &max=2 "\t" $line)
            if (eq $help '') {
                put $value
            } else {
                edit:complex-candidate $value &display=$value' ('$help')'
            }
        }
    }
}
