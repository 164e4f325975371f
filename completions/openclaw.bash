# bash completion for openclaw. Needs bash 3.2 or later, and nothing else.
#
# It asks the program itself. bash cuts words at `:` and `=`, which stand in session keys and options: the pieces are put
# together for the question, and what is before the last cut is left out of the answer.

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

    local current=${words[last]} quote= before=()
    unset "words[last]"
    for ((i = 1; i < last; i++)); do
        before+=("${words[i]//[\"\'\\]/}")
    done
    case $current in
        [\"\']*) quote=${current:0:1} current=${current:1} ;;
        *) current=${current//\\/} ;;
    esac

    local breaks=${COMP_WORDBREAKS//[!:=@]/} cut=
    if [[ -z $quote && -n $breaks && $current == *[$breaks]* ]]; then
        cut=${current%"${current##*[$breaks]}"}
    fi

    COMPREPLY=()
    local kind= value
    while IFS=$'\t' read -r value _; do
        if [[ -z $kind ]]; then
            kind=$value
            continue
        fi
        value=${value#"$cut"}
        [[ -z $quote ]] && printf -v value %q "$value"
        COMPREPLY+=("$value")
    done < <("$1" __complete --current="$current" -- ${before[@]+"${before[@]}"} 2>/dev/null </dev/null)

    # Without an answer bash completes files by itself, which is right for files alone.
    [[ $kind == files ]] || compopt +o default 2>/dev/null
    return 0
}

complete -o default -o nosort -F _openclaw openclaw 2>/dev/null || complete -o default -F _openclaw openclaw
