# Print an optspec for argparse to handle cmd's options that are independent of any subcommand.
function __fish_openclaw_global_optspecs
    string join \n config= log-level= color= h/help V/version
end

function __fish_openclaw_needs_command
    # Figure out if the current invocation already has a command.
    set -l cmd (commandline -opc)
    set -e cmd[1]
    argparse -s (__fish_openclaw_global_optspecs) -- $cmd 2>/dev/null
    or return
    if set -q argv[1]
        # Also print the command, so this can be used to figure out what it is.
        echo $argv[1]
        return 1
    end
    return 0
end

function __fish_openclaw_using_subcommand
    set -l cmd (__fish_openclaw_needs_command)
    test -z "$cmd"
    and return 1
    contains -- $cmd[1] $argv
end

complete -c openclaw -n "__fish_openclaw_needs_command" -l config -d 'Read this configuration file' -r -F
complete -c openclaw -n "__fish_openclaw_needs_command" -l log-level -d 'Log at this level: error, warn, info, debug, trace, or a filter such as `openclaw=debug,hyper=warn`' -r
complete -c openclaw -n "__fish_openclaw_needs_command" -l color -d 'Colour the output' -r -f -a "auto\t''
always\t''
never\t''"
complete -c openclaw -n "__fish_openclaw_needs_command" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c openclaw -n "__fish_openclaw_needs_command" -s V -l version -d 'Print version'
complete -c openclaw -n "__fish_openclaw_needs_command" -f -a "agent" -d 'Run one agent turn and print the answer'
complete -c openclaw -n "__fish_openclaw_needs_command" -f -a "completion" -d 'Print a shell\'s completion script'
complete -c openclaw -n "__fish_openclaw_needs_command" -f -a "config" -d 'Check, show, find or create the configuration'
complete -c openclaw -n "__fish_openclaw_needs_command" -f -a "embed" -d 'Turn texts into vectors, one a line'
complete -c openclaw -n "__fish_openclaw_needs_command" -f -a "gateway" -d 'Serve the OpenAI-compatible API'
complete -c openclaw -n "__fish_openclaw_needs_command" -f -a "man" -d 'Write the manual pages, or show openclaw(1)'
complete -c openclaw -n "__fish_openclaw_needs_command" -f -a "models" -d 'Models: which there are, and which a run would try'
complete -c openclaw -n "__fish_openclaw_needs_command" -f -a "sessions" -d 'List, show, delete and export the sessions that are kept'
complete -c openclaw -n "__fish_openclaw_using_subcommand agent" -s m -l message -d 'What to say, as an option' -r
complete -c openclaw -n "__fish_openclaw_using_subcommand agent" -l message-file -d 'Read what to say from a file; `-` is stdin' -r -F
complete -c openclaw -n "__fish_openclaw_using_subcommand agent" -l agent -d 'The agent; the default agent without it' -r
complete -c openclaw -n "__fish_openclaw_using_subcommand agent" -l model -d 'The model, instead of the agent\'s own: provider/model, an alias, or a model id' -r
complete -c openclaw -n "__fish_openclaw_using_subcommand agent" -l session-key -d 'Continue this session; it is kept, and begun if it is not there' -r
complete -c openclaw -n "__fish_openclaw_using_subcommand agent" -l system -d 'Add this to the agent\'s system prompt' -r
complete -c openclaw -n "__fish_openclaw_using_subcommand agent" -l image -d 'Send an image along: PNG, JPEG, GIF or WebP' -r -F
complete -c openclaw -n "__fish_openclaw_using_subcommand agent" -l file -d 'Send a file along: text is appended to the message between markers, anything else goes as data' -r -F
complete -c openclaw -n "__fish_openclaw_using_subcommand agent" -l timeout -d 'Give up after this many seconds' -r
complete -c openclaw -n "__fish_openclaw_using_subcommand agent" -l max-tokens -d 'The most tokens of the answer' -r
complete -c openclaw -n "__fish_openclaw_using_subcommand agent" -l temperature -d 'The sampling temperature, 0 to 2' -r
complete -c openclaw -n "__fish_openclaw_using_subcommand agent" -l config -d 'Read this configuration file' -r -F
complete -c openclaw -n "__fish_openclaw_using_subcommand agent" -l log-level -d 'Log at this level: error, warn, info, debug, trace, or a filter such as `openclaw=debug,hyper=warn`' -r
complete -c openclaw -n "__fish_openclaw_using_subcommand agent" -l color -d 'Colour the output' -r -f -a "auto\t''
always\t''
never\t''"
complete -c openclaw -n "__fish_openclaw_using_subcommand agent" -l json -d 'Print one JSON object: text, model, agent, sessionKey, usage, toolCalls, finishReason, durationMs'
complete -c openclaw -n "__fish_openclaw_using_subcommand agent" -l events -d 'Print one JSON object a line for everything that happens'
complete -c openclaw -n "__fish_openclaw_using_subcommand agent" -l stream -d 'Ask the provider for a stream (the default, save with --json)'
complete -c openclaw -n "__fish_openclaw_using_subcommand agent" -l no-stream -d 'Ask the provider for a whole answer'
complete -c openclaw -n "__fish_openclaw_using_subcommand agent" -s n -l no-stdin -d 'Leave stdin alone'
complete -c openclaw -n "__fish_openclaw_using_subcommand agent" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c openclaw -n "__fish_openclaw_using_subcommand completion" -l config -d 'Read this configuration file' -r -F
complete -c openclaw -n "__fish_openclaw_using_subcommand completion" -l log-level -d 'Log at this level: error, warn, info, debug, trace, or a filter such as `openclaw=debug,hyper=warn`' -r
complete -c openclaw -n "__fish_openclaw_using_subcommand completion" -l color -d 'Colour the output' -r -f -a "auto\t''
always\t''
never\t''"
complete -c openclaw -n "__fish_openclaw_using_subcommand completion" -s h -l help -d 'Print help'
complete -c openclaw -n "__fish_openclaw_using_subcommand config; and not __fish_seen_subcommand_from check init path show" -l config -d 'Read this configuration file' -r -F
complete -c openclaw -n "__fish_openclaw_using_subcommand config; and not __fish_seen_subcommand_from check init path show" -l log-level -d 'Log at this level: error, warn, info, debug, trace, or a filter such as `openclaw=debug,hyper=warn`' -r
complete -c openclaw -n "__fish_openclaw_using_subcommand config; and not __fish_seen_subcommand_from check init path show" -l color -d 'Colour the output' -r -f -a "auto\t''
always\t''
never\t''"
complete -c openclaw -n "__fish_openclaw_using_subcommand config; and not __fish_seen_subcommand_from check init path show" -s h -l help -d 'Print help'
complete -c openclaw -n "__fish_openclaw_using_subcommand config; and not __fish_seen_subcommand_from check init path show" -f -a "check" -d 'Check the configuration: prints everything that is wrong with it and exits 78'
complete -c openclaw -n "__fish_openclaw_using_subcommand config; and not __fish_seen_subcommand_from check init path show" -f -a "init" -d 'Write a first configuration file, commented, with a fresh random token; never over one that is there'
complete -c openclaw -n "__fish_openclaw_using_subcommand config; and not __fish_seen_subcommand_from check init path show" -f -a "path" -d 'Print the path of the configuration file in use'
complete -c openclaw -n "__fish_openclaw_using_subcommand config; and not __fish_seen_subcommand_from check init path show" -f -a "show" -d 'Print the configuration in force, each value with where it came from, secrets redacted'
complete -c openclaw -n "__fish_openclaw_using_subcommand config; and __fish_seen_subcommand_from check" -l config -d 'Read this configuration file' -r -F
complete -c openclaw -n "__fish_openclaw_using_subcommand config; and __fish_seen_subcommand_from check" -l log-level -d 'Log at this level: error, warn, info, debug, trace, or a filter such as `openclaw=debug,hyper=warn`' -r
complete -c openclaw -n "__fish_openclaw_using_subcommand config; and __fish_seen_subcommand_from check" -l color -d 'Colour the output' -r -f -a "auto\t''
always\t''
never\t''"
complete -c openclaw -n "__fish_openclaw_using_subcommand config; and __fish_seen_subcommand_from check" -s h -l help -d 'Print help'
complete -c openclaw -n "__fish_openclaw_using_subcommand config; and __fish_seen_subcommand_from init" -l config -d 'Read this configuration file' -r -F
complete -c openclaw -n "__fish_openclaw_using_subcommand config; and __fish_seen_subcommand_from init" -l log-level -d 'Log at this level: error, warn, info, debug, trace, or a filter such as `openclaw=debug,hyper=warn`' -r
complete -c openclaw -n "__fish_openclaw_using_subcommand config; and __fish_seen_subcommand_from init" -l color -d 'Colour the output' -r -f -a "auto\t''
always\t''
never\t''"
complete -c openclaw -n "__fish_openclaw_using_subcommand config; and __fish_seen_subcommand_from init" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c openclaw -n "__fish_openclaw_using_subcommand config; and __fish_seen_subcommand_from path" -l config -d 'Read this configuration file' -r -F
complete -c openclaw -n "__fish_openclaw_using_subcommand config; and __fish_seen_subcommand_from path" -l log-level -d 'Log at this level: error, warn, info, debug, trace, or a filter such as `openclaw=debug,hyper=warn`' -r
complete -c openclaw -n "__fish_openclaw_using_subcommand config; and __fish_seen_subcommand_from path" -l color -d 'Colour the output' -r -f -a "auto\t''
always\t''
never\t''"
complete -c openclaw -n "__fish_openclaw_using_subcommand config; and __fish_seen_subcommand_from path" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c openclaw -n "__fish_openclaw_using_subcommand config; and __fish_seen_subcommand_from show" -l config -d 'Read this configuration file' -r -F
complete -c openclaw -n "__fish_openclaw_using_subcommand config; and __fish_seen_subcommand_from show" -l log-level -d 'Log at this level: error, warn, info, debug, trace, or a filter such as `openclaw=debug,hyper=warn`' -r
complete -c openclaw -n "__fish_openclaw_using_subcommand config; and __fish_seen_subcommand_from show" -l color -d 'Colour the output' -r -f -a "auto\t''
always\t''
never\t''"
complete -c openclaw -n "__fish_openclaw_using_subcommand config; and __fish_seen_subcommand_from show" -s h -l help -d 'Print help'
complete -c openclaw -n "__fish_openclaw_using_subcommand embed" -l text -d 'Embed this text' -r
complete -c openclaw -n "__fish_openclaw_using_subcommand embed" -l model -d 'The embedding model; the agent\'s own without it' -r
complete -c openclaw -n "__fish_openclaw_using_subcommand embed" -l agent -d 'The agent whose embedding model is used' -r
complete -c openclaw -n "__fish_openclaw_using_subcommand embed" -l dimensions -d 'How many numbers a vector shall have, where the model can choose' -r
complete -c openclaw -n "__fish_openclaw_using_subcommand embed" -l input-format -d 'What one input is' -r -f -a "lines\t'A line of text'
jsonl\t'A line of JSON: an object, its text in the member that --field names, or a string'
nul\t'What stands between two NUL bytes'
csv\t'A row of comma-separated values, its text in the column that --field names; the first row names the columns'
tsv\t'The same with tabs'
whole\t'A whole file'"
complete -c openclaw -n "__fish_openclaw_using_subcommand embed" -l field -d 'The member, or the column, that holds the text, with --input-format jsonl, csv or tsv [default: text]' -r
complete -c openclaw -n "__fish_openclaw_using_subcommand embed" -l id-field -d 'The member, or the column, that is written out as `id`, with --input-format jsonl, csv or tsv' -r
complete -c openclaw -n "__fish_openclaw_using_subcommand embed" -l format -d 'What is written' -r -f -a "jsonl\t'An object a line: index, id where there is one, text, embedding'
json\t'One list object, as the OpenAI API answers'
csv\t'A row an input, after a header: index, id where there is one, text, and a column for each number'
npy\t'One array of 32-bit floats, a row an input, for numpy.load'
f32\t'The numbers alone, as little-endian 32-bit floats'
base64\t'A line of base64 an input, of little-endian 32-bit floats'
sqlite\t'A database with a table `embeddings`, its vectors as little-endian 32-bit floats; needs -o'"
complete -c openclaw -n "__fish_openclaw_using_subcommand embed" -s o -l output -d 'Write to a file instead of stdout' -r -F
complete -c openclaw -n "__fish_openclaw_using_subcommand embed" -l batch-size -d 'The most inputs of one request' -r
complete -c openclaw -n "__fish_openclaw_using_subcommand embed" -l concurrency -d 'The most requests at once' -r
complete -c openclaw -n "__fish_openclaw_using_subcommand embed" -l patience -d 'How many seconds to wait for a provider that refuses everything, as rate limited, before giving up' -r
complete -c openclaw -n "__fish_openclaw_using_subcommand embed" -l config -d 'Read this configuration file' -r -F
complete -c openclaw -n "__fish_openclaw_using_subcommand embed" -l log-level -d 'Log at this level: error, warn, info, debug, trace, or a filter such as `openclaw=debug,hyper=warn`' -r
complete -c openclaw -n "__fish_openclaw_using_subcommand embed" -l color -d 'Colour the output' -r -f -a "auto\t''
always\t''
never\t''"
complete -c openclaw -n "__fish_openclaw_using_subcommand embed" -l skip-empty -d 'Pass over blank inputs instead of failing; they are not counted'
complete -c openclaw -n "__fish_openclaw_using_subcommand embed" -l skip-errors -d 'Skip inputs that cannot be embedded, naming each on stderr, instead of failing'
complete -c openclaw -n "__fish_openclaw_using_subcommand embed" -l no-text -d 'Leave the text out'
complete -c openclaw -n "__fish_openclaw_using_subcommand embed" -l resume -d 'Go on where an earlier run with this --output was cut off, behind its last whole record'
complete -c openclaw -n "__fish_openclaw_using_subcommand embed" -l no-progress -d 'Show no progress, and no sum at the end'
complete -c openclaw -n "__fish_openclaw_using_subcommand embed" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c openclaw -n "__fish_openclaw_using_subcommand gateway; and not __fish_seen_subcommand_from serve run" -l port -d 'Listen on this port; 0 takes a free one' -r
complete -c openclaw -n "__fish_openclaw_using_subcommand gateway; and not __fish_seen_subcommand_from serve run" -l bind -d 'Listen on these addresses' -r -f -a "auto\t'Loopback, as long as nothing else is asked for'
loopback\t'This machine only (127.0.0.1)'
lan\t'Every address of this machine (0.0.0.0)'
tailnet\t'The address of this machine in its tailnet (100.64.0.0/10)'
custom\t'The address in `customBindHost`'"
complete -c openclaw -n "__fish_openclaw_using_subcommand gateway; and not __fish_seen_subcommand_from serve run" -l auth -d 'How callers prove who they are' -r -f -a "token\t''
password\t''
trusted-proxy\t''
none\t''"
complete -c openclaw -n "__fish_openclaw_using_subcommand gateway; and not __fish_seen_subcommand_from serve run" -l token -d 'The token that callers must send; other users of this machine can see it, see --token-file' -r
complete -c openclaw -n "__fish_openclaw_using_subcommand gateway; and not __fish_seen_subcommand_from serve run" -l token-file -d 'Read the token from a file' -r -F
complete -c openclaw -n "__fish_openclaw_using_subcommand gateway; and not __fish_seen_subcommand_from serve run" -l enable -d 'Switch endpoints on' -r -f -a "chat-completions\t'All of /v1'
responses\t'All of /v1 but chat completions'"
complete -c openclaw -n "__fish_openclaw_using_subcommand gateway; and not __fish_seen_subcommand_from serve run" -l config -d 'Read this configuration file' -r -F
complete -c openclaw -n "__fish_openclaw_using_subcommand gateway; and not __fish_seen_subcommand_from serve run" -l log-level -d 'Log at this level: error, warn, info, debug, trace, or a filter such as `openclaw=debug,hyper=warn`' -r
complete -c openclaw -n "__fish_openclaw_using_subcommand gateway; and not __fish_seen_subcommand_from serve run" -l color -d 'Colour the output' -r -f -a "auto\t''
always\t''
never\t''"
complete -c openclaw -n "__fish_openclaw_using_subcommand gateway; and not __fish_seen_subcommand_from serve run" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c openclaw -n "__fish_openclaw_using_subcommand gateway; and not __fish_seen_subcommand_from serve run" -f -a "serve" -d 'Serve the OpenAI-compatible API in the foreground'
complete -c openclaw -n "__fish_openclaw_using_subcommand gateway; and not __fish_seen_subcommand_from serve run" -f -a "run" -d 'Serve the OpenAI-compatible API in the foreground'
complete -c openclaw -n "__fish_openclaw_using_subcommand gateway; and __fish_seen_subcommand_from serve" -l port -d 'Listen on this port; 0 takes a free one' -r
complete -c openclaw -n "__fish_openclaw_using_subcommand gateway; and __fish_seen_subcommand_from serve" -l bind -d 'Listen on these addresses' -r -f -a "auto\t'Loopback, as long as nothing else is asked for'
loopback\t'This machine only (127.0.0.1)'
lan\t'Every address of this machine (0.0.0.0)'
tailnet\t'The address of this machine in its tailnet (100.64.0.0/10)'
custom\t'The address in `customBindHost`'"
complete -c openclaw -n "__fish_openclaw_using_subcommand gateway; and __fish_seen_subcommand_from serve" -l auth -d 'How callers prove who they are' -r -f -a "token\t''
password\t''
trusted-proxy\t''
none\t''"
complete -c openclaw -n "__fish_openclaw_using_subcommand gateway; and __fish_seen_subcommand_from serve" -l token -d 'The token that callers must send; other users of this machine can see it, see --token-file' -r
complete -c openclaw -n "__fish_openclaw_using_subcommand gateway; and __fish_seen_subcommand_from serve" -l token-file -d 'Read the token from a file' -r -F
complete -c openclaw -n "__fish_openclaw_using_subcommand gateway; and __fish_seen_subcommand_from serve" -l enable -d 'Switch endpoints on' -r -f -a "chat-completions\t'All of /v1'
responses\t'All of /v1 but chat completions'"
complete -c openclaw -n "__fish_openclaw_using_subcommand gateway; and __fish_seen_subcommand_from serve" -l config -d 'Read this configuration file' -r -F
complete -c openclaw -n "__fish_openclaw_using_subcommand gateway; and __fish_seen_subcommand_from serve" -l log-level -d 'Log at this level: error, warn, info, debug, trace, or a filter such as `openclaw=debug,hyper=warn`' -r
complete -c openclaw -n "__fish_openclaw_using_subcommand gateway; and __fish_seen_subcommand_from serve" -l color -d 'Colour the output' -r -f -a "auto\t''
always\t''
never\t''"
complete -c openclaw -n "__fish_openclaw_using_subcommand gateway; and __fish_seen_subcommand_from serve" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c openclaw -n "__fish_openclaw_using_subcommand gateway; and __fish_seen_subcommand_from run" -l port -d 'Listen on this port; 0 takes a free one' -r
complete -c openclaw -n "__fish_openclaw_using_subcommand gateway; and __fish_seen_subcommand_from run" -l bind -d 'Listen on these addresses' -r -f -a "auto\t'Loopback, as long as nothing else is asked for'
loopback\t'This machine only (127.0.0.1)'
lan\t'Every address of this machine (0.0.0.0)'
tailnet\t'The address of this machine in its tailnet (100.64.0.0/10)'
custom\t'The address in `customBindHost`'"
complete -c openclaw -n "__fish_openclaw_using_subcommand gateway; and __fish_seen_subcommand_from run" -l auth -d 'How callers prove who they are' -r -f -a "token\t''
password\t''
trusted-proxy\t''
none\t''"
complete -c openclaw -n "__fish_openclaw_using_subcommand gateway; and __fish_seen_subcommand_from run" -l token -d 'The token that callers must send; other users of this machine can see it, see --token-file' -r
complete -c openclaw -n "__fish_openclaw_using_subcommand gateway; and __fish_seen_subcommand_from run" -l token-file -d 'Read the token from a file' -r -F
complete -c openclaw -n "__fish_openclaw_using_subcommand gateway; and __fish_seen_subcommand_from run" -l enable -d 'Switch endpoints on' -r -f -a "chat-completions\t'All of /v1'
responses\t'All of /v1 but chat completions'"
complete -c openclaw -n "__fish_openclaw_using_subcommand gateway; and __fish_seen_subcommand_from run" -l config -d 'Read this configuration file' -r -F
complete -c openclaw -n "__fish_openclaw_using_subcommand gateway; and __fish_seen_subcommand_from run" -l log-level -d 'Log at this level: error, warn, info, debug, trace, or a filter such as `openclaw=debug,hyper=warn`' -r
complete -c openclaw -n "__fish_openclaw_using_subcommand gateway; and __fish_seen_subcommand_from run" -l color -d 'Colour the output' -r -f -a "auto\t''
always\t''
never\t''"
complete -c openclaw -n "__fish_openclaw_using_subcommand gateway; and __fish_seen_subcommand_from run" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c openclaw -n "__fish_openclaw_using_subcommand man" -l config -d 'Read this configuration file' -r -F
complete -c openclaw -n "__fish_openclaw_using_subcommand man" -l log-level -d 'Log at this level: error, warn, info, debug, trace, or a filter such as `openclaw=debug,hyper=warn`' -r
complete -c openclaw -n "__fish_openclaw_using_subcommand man" -l color -d 'Colour the output' -r -f -a "auto\t''
always\t''
never\t''"
complete -c openclaw -n "__fish_openclaw_using_subcommand man" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c openclaw -n "__fish_openclaw_using_subcommand models; and not __fish_seen_subcommand_from explain list" -l config -d 'Read this configuration file' -r -F
complete -c openclaw -n "__fish_openclaw_using_subcommand models; and not __fish_seen_subcommand_from explain list" -l log-level -d 'Log at this level: error, warn, info, debug, trace, or a filter such as `openclaw=debug,hyper=warn`' -r
complete -c openclaw -n "__fish_openclaw_using_subcommand models; and not __fish_seen_subcommand_from explain list" -l color -d 'Colour the output' -r -f -a "auto\t''
always\t''
never\t''"
complete -c openclaw -n "__fish_openclaw_using_subcommand models; and not __fish_seen_subcommand_from explain list" -s h -l help -d 'Print help'
complete -c openclaw -n "__fish_openclaw_using_subcommand models; and not __fish_seen_subcommand_from explain list" -f -a "explain" -d 'Show which models a run would try, in which order, and what each failure would lead to'
complete -c openclaw -n "__fish_openclaw_using_subcommand models; and not __fish_seen_subcommand_from explain list" -f -a "list" -d 'List every model: ref, name, context, what it reads, and tags'
complete -c openclaw -n "__fish_openclaw_using_subcommand models; and __fish_seen_subcommand_from explain" -l agent -d 'The agent; the default agent without it' -r
complete -c openclaw -n "__fish_openclaw_using_subcommand models; and __fish_seen_subcommand_from explain" -l config -d 'Read this configuration file' -r -F
complete -c openclaw -n "__fish_openclaw_using_subcommand models; and __fish_seen_subcommand_from explain" -l log-level -d 'Log at this level: error, warn, info, debug, trace, or a filter such as `openclaw=debug,hyper=warn`' -r
complete -c openclaw -n "__fish_openclaw_using_subcommand models; and __fish_seen_subcommand_from explain" -l color -d 'Colour the output' -r -f -a "auto\t''
always\t''
never\t''"
complete -c openclaw -n "__fish_openclaw_using_subcommand models; and __fish_seen_subcommand_from explain" -l json -d 'Print one JSON object'
complete -c openclaw -n "__fish_openclaw_using_subcommand models; and __fish_seen_subcommand_from explain" -s h -l help -d 'Print help'
complete -c openclaw -n "__fish_openclaw_using_subcommand models; and __fish_seen_subcommand_from list" -l agent -d 'Only models that this agent may use, with its tags' -r
complete -c openclaw -n "__fish_openclaw_using_subcommand models; and __fish_seen_subcommand_from list" -l provider -d 'Only models of this provider' -r
complete -c openclaw -n "__fish_openclaw_using_subcommand models; and __fish_seen_subcommand_from list" -l config -d 'Read this configuration file' -r -F
complete -c openclaw -n "__fish_openclaw_using_subcommand models; and __fish_seen_subcommand_from list" -l log-level -d 'Log at this level: error, warn, info, debug, trace, or a filter such as `openclaw=debug,hyper=warn`' -r
complete -c openclaw -n "__fish_openclaw_using_subcommand models; and __fish_seen_subcommand_from list" -l color -d 'Colour the output' -r -f -a "auto\t''
always\t''
never\t''"
complete -c openclaw -n "__fish_openclaw_using_subcommand models; and __fish_seen_subcommand_from list" -l json -d 'Print a JSON array'
complete -c openclaw -n "__fish_openclaw_using_subcommand models; and __fish_seen_subcommand_from list" -l plain -d 'Print one ref a line'
complete -c openclaw -n "__fish_openclaw_using_subcommand models; and __fish_seen_subcommand_from list" -s h -l help -d 'Print help'
complete -c openclaw -n "__fish_openclaw_using_subcommand sessions; and not __fish_seen_subcommand_from list show delete export" -l config -d 'Read this configuration file' -r -F
complete -c openclaw -n "__fish_openclaw_using_subcommand sessions; and not __fish_seen_subcommand_from list show delete export" -l log-level -d 'Log at this level: error, warn, info, debug, trace, or a filter such as `openclaw=debug,hyper=warn`' -r
complete -c openclaw -n "__fish_openclaw_using_subcommand sessions; and not __fish_seen_subcommand_from list show delete export" -l color -d 'Colour the output' -r -f -a "auto\t''
always\t''
never\t''"
complete -c openclaw -n "__fish_openclaw_using_subcommand sessions; and not __fish_seen_subcommand_from list show delete export" -s h -l help -d 'Print help'
complete -c openclaw -n "__fish_openclaw_using_subcommand sessions; and not __fish_seen_subcommand_from list show delete export" -f -a "list" -d 'List the sessions, the last used first'
complete -c openclaw -n "__fish_openclaw_using_subcommand sessions; and not __fish_seen_subcommand_from list show delete export" -f -a "show" -d 'Show the conversation of a session'
complete -c openclaw -n "__fish_openclaw_using_subcommand sessions; and not __fish_seen_subcommand_from list show delete export" -f -a "delete" -d 'Delete sessions'
complete -c openclaw -n "__fish_openclaw_using_subcommand sessions; and not __fish_seen_subcommand_from list show delete export" -f -a "export" -d 'Print everything that is kept of a session as JSON, earlier branches included'
complete -c openclaw -n "__fish_openclaw_using_subcommand sessions; and __fish_seen_subcommand_from list" -l limit -d 'At most so many' -r
complete -c openclaw -n "__fish_openclaw_using_subcommand sessions; and __fish_seen_subcommand_from list" -l config -d 'Read this configuration file' -r -F
complete -c openclaw -n "__fish_openclaw_using_subcommand sessions; and __fish_seen_subcommand_from list" -l log-level -d 'Log at this level: error, warn, info, debug, trace, or a filter such as `openclaw=debug,hyper=warn`' -r
complete -c openclaw -n "__fish_openclaw_using_subcommand sessions; and __fish_seen_subcommand_from list" -l color -d 'Colour the output' -r -f -a "auto\t''
always\t''
never\t''"
complete -c openclaw -n "__fish_openclaw_using_subcommand sessions; and __fish_seen_subcommand_from list" -l json -d 'Print a JSON array'
complete -c openclaw -n "__fish_openclaw_using_subcommand sessions; and __fish_seen_subcommand_from list" -s h -l help -d 'Print help'
complete -c openclaw -n "__fish_openclaw_using_subcommand sessions; and __fish_seen_subcommand_from show" -l config -d 'Read this configuration file' -r -F
complete -c openclaw -n "__fish_openclaw_using_subcommand sessions; and __fish_seen_subcommand_from show" -l log-level -d 'Log at this level: error, warn, info, debug, trace, or a filter such as `openclaw=debug,hyper=warn`' -r
complete -c openclaw -n "__fish_openclaw_using_subcommand sessions; and __fish_seen_subcommand_from show" -l color -d 'Colour the output' -r -f -a "auto\t''
always\t''
never\t''"
complete -c openclaw -n "__fish_openclaw_using_subcommand sessions; and __fish_seen_subcommand_from show" -l json -d 'Print a JSON object'
complete -c openclaw -n "__fish_openclaw_using_subcommand sessions; and __fish_seen_subcommand_from show" -s h -l help -d 'Print help'
complete -c openclaw -n "__fish_openclaw_using_subcommand sessions; and __fish_seen_subcommand_from delete" -l config -d 'Read this configuration file' -r -F
complete -c openclaw -n "__fish_openclaw_using_subcommand sessions; and __fish_seen_subcommand_from delete" -l log-level -d 'Log at this level: error, warn, info, debug, trace, or a filter such as `openclaw=debug,hyper=warn`' -r
complete -c openclaw -n "__fish_openclaw_using_subcommand sessions; and __fish_seen_subcommand_from delete" -l color -d 'Colour the output' -r -f -a "auto\t''
always\t''
never\t''"
complete -c openclaw -n "__fish_openclaw_using_subcommand sessions; and __fish_seen_subcommand_from delete" -l json -d 'Print a JSON array of what was deleted'
complete -c openclaw -n "__fish_openclaw_using_subcommand sessions; and __fish_seen_subcommand_from delete" -s h -l help -d 'Print help'
complete -c openclaw -n "__fish_openclaw_using_subcommand sessions; and __fish_seen_subcommand_from export" -l config -d 'Read this configuration file' -r -F
complete -c openclaw -n "__fish_openclaw_using_subcommand sessions; and __fish_seen_subcommand_from export" -l log-level -d 'Log at this level: error, warn, info, debug, trace, or a filter such as `openclaw=debug,hyper=warn`' -r
complete -c openclaw -n "__fish_openclaw_using_subcommand sessions; and __fish_seen_subcommand_from export" -l color -d 'Colour the output' -r -f -a "auto\t''
always\t''
never\t''"
complete -c openclaw -n "__fish_openclaw_using_subcommand sessions; and __fish_seen_subcommand_from export" -s h -l help -d 'Print help'
