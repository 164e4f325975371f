# bash completion for openclaw. Needs bash 3.2 or later, and nothing else.
#
# It asks the program itself. bash cuts words at `:` and `=`, which stand in session keys and options: the pieces are put
# together for the question, and what bash does not replace is left out of the answer. Nothing in an answer is ever more
# than text, in quotes that are open too: session keys may be a stranger's words.

# What a word of the line says, in `said`, without its quotes and backslashes; the quote that is open at its end, in
# `quote`; and how much of it stays as it is whatever the answer, in `cut`. `strange` where that cannot be told.
_openclaw_read() {
    local word=$1 breaks=$2 char next i was_quoted=
    said= quote= cut= strange=
    for ((i = 0; i < ${#word}; i++)); do
        char=${word:i:1} next=${word:i+1:1}
        if [[ $char == "\\" && $quote != "'" ]]; then
            [[ $quote == '"' && $next != [\$\`\"\\] ]] && said+=$char
            said+=$next
            i=$((i + 1))
        elif [[ -n $quote ]]; then
            [[ $char == "$quote" ]] && quote= || said+=$char
        elif [[ $char == [\"\'] ]]; then
            # In $'…' and $"…" other rules hold.
            [[ $i -gt 0 && ${word:i-1:1} == "\$" ]] && strange=yes
            quote=$char was_quoted=yes cut=$said
        else
            said+=$char
            [[ -n $breaks && $char == [$breaks] ]] && cut=$said
        fi
    done
    [[ -n $was_quoted && -z $quote ]] && strange=yes
}

# Text as it stands behind this open quote, or behind none, in `written`.
_openclaw_write() {
    local text=$1 quote=$2 char i
    if [[ -z $quote ]]; then
        printf -v written %q "$text"
        return
    fi
    written=
    for ((i = 0; i < ${#text}; i++)); do
        char=${text:i:1}
        case $quote$char in
            \"[\$\`\"\\]) written+="\\$char" ;;
            # Between double quotes a backslash keeps history out, and stays in the text.
            \"!) written+="\"'!'\"" ;;
            \'\') written+="'\\''" ;;
            *) written+=$char ;;
        esac
    done
    # bash closes the quote, save where the text ends like one.
    [[ $written == *"$quote" ]] && written+=$quote
    return 0
}

_openclaw() {
    local rest=${COMP_LINE:0:COMP_POINT} words=() piece trimmed last=-1 i
    for ((i = 0; i <= COMP_CWORD; i++)); do
        trimmed=${rest#"${rest%%[![:space:]]*}"}
        if [[ $i -eq 0 || $trimmed != "$rest" ]]; then
            last=$((last + 1))
            words[last]=
        fi
        piece=${COMP_WORDS[i]}
        [[ $i -eq $COMP_CWORD ]] && piece=$trimmed
        words[last]+=$piece
        rest=${trimmed#"$piece"}
    done

    local said quote cut strange before=()
    for ((i = 1; i < last; i++)); do
        _openclaw_read "${words[i]}"
        before+=("$said")
    done
    _openclaw_read "${words[last]}" "${COMP_WORDBREAKS//[!:=@]/}"

    COMPREPLY=()
    if [[ -n $strange ]]; then
        compopt +o default 2>/dev/null
        return 0
    fi
    local kind= value written
    while IFS=$'\t' read -r value _; do
        if [[ -z $kind ]]; then
            kind=$value
            continue
        fi
        _openclaw_write "${value#"$cut"}" "$quote"
        COMPREPLY+=("$written")
    done < <("$1" __complete --current="$said" -- ${before[@]+"${before[@]}"} 2>/dev/null </dev/null)

    # Without an answer bash completes files by itself, which is right for files alone.
    [[ $kind == files ]] || compopt +o default 2>/dev/null
    return 0
}

complete -o default -o nosort -F _openclaw openclaw 2>/dev/null || complete -o default -F _openclaw openclaw
