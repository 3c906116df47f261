#!/usr/bin/env bash
# Shows a match function at work in a real AGS environment: three players queue, two are matched.
# `./demo.sh --help` says what it needs. Runs with bash 3.2 and newer, on Linux and macOS.
set -euo pipefail
export LC_ALL=C

readonly PLAYERS=3
readonly WANTED=2

usage() {
    cat <<'END'
Usage: ./demo.sh [--test-users]

Creates a session template, a ruleset, a match function, a match pool and three players in an AGS
environment, queues the players, shows their tickets until two are matched, and removes all of it.

  --test-users   create the players by IAM's endpoint for test users, which needs CREATE on
                 ADMIN:NAMESPACE:{namespace}:USER, in place of the public sign-up

Environment:
  AB_BASE_URL        the AGS environment, as https://demo.accelbyte.io
  AB_NAMESPACE       the game namespace
  AB_CLIENT_ID       a confidential OAuth client; README.md lists the permissions it needs
  AB_CLIENT_SECRET   its secret
  and where AGS finds the match function, one of:
  NGROK_URL          address of an ngrok tunnel, as 0.tcp.ngrok.io:12345
  GRPC_SERVER_URL    any other address, as match.example.com:6565
  EXTEND_APP_NAME    name of an AGS Extend app

  DEMO_NAME          first part of the names it uses [default: match_function_demo]; two demos at
                     the same time in one namespace need two names
  DEMO_WAIT_SECOND   maximum wait for the match, in seconds [default: 120]
END
}

say() { printf '%s\n' "$*"; }

# Ends the demo; the clean-up runs all the same.
die() {
    printf 'demo.sh: %s\n' "$(masked "$*")" >&2
    exit 1
}

# AGS's answers are shown, so secrets are masked in them.
masked() {
    local text=$1 secret
    # Bash before 4.4 takes an empty list for an unset variable.
    for secret in "${AB_CLIENT_SECRET:-}" "$client_token" "$password" \
        ${passwords[@]+"${passwords[@]}"} ${tokens[@]+"${tokens[@]}"}; do
        [ -z "$secret" ] || text=${text//"$secret"/***}
    done
    printf '%s' "$text"
}

# ---- HTTP ----

# A value in a curl configuration file. Requests go to curl through its standard input: every user of
# the machine can read a command line.
quoted() {
    local text=$1
    text=${text//\\/\\\\}
    text=${text//\"/\\\"}
    text=${text//$'\n'/\\n}
    printf '"%s"' "$text"
}

bearer() { printf 'header = %s\n' "$(quoted "Authorization: Bearer $1")"; }
client_login() { printf 'user = %s\n' "$(quoted "$AB_CLIENT_ID:$AB_CLIENT_SECRET")"; }
field() { printf 'data-urlencode = %s\n' "$(quoted "$1=$2")"; }
json() { printf 'header = "Content-Type: application/json"\ndata-raw = %s\n' "$(quoted "$1")"; }

# Sends METHOD PATH with these lines of curl configuration. The status of the answer is then in
# $status, its body in the file `body`, where it redirects to in $location. Fails unless it is 2xx.
request() {
    local method=$1 path=$2 lines=$3 written
    asked="$method $base_url$path"
    location=''
    printf 'request = %s\nurl = %s\n%s\n' "$(quoted "$method")" "$(quoted "$base_url$path")" "$lines" |
        curl -q --config - --silent --show-error --connect-timeout 10 --max-time 30 \
            --header 'Accept: application/json' --output "$folder/body" \
            --write-out '%{http_code} %{redirect_url}' >"$folder/written" 2>"$folder/errors" ||
        { status=none; return 1; }
    written=$(<"$folder/written")
    status=${written%% *}
    location=${written#* }
    case $status in 2*) ;; *) return 1 ;; esac
}

# The error of the last request.
fault() {
    local text
    if [ "$status" = none ]; then
        printf '%s was not answered: %s' "$asked" "$(<"$folder/errors")"
        return
    fi
    # Each service of AGS has field names of its own.
    text=$(jq -r '
        def found($names): [.[$names[]]? | select(. != null and . != "")] | first // "";
        found(["errorMessage", "ErrorMessage", "error_description", "message"]) as $text
        | found(["errorCode", "ErrorCode", "error"]) as $code
        | if $text == "" then "\($code)" elif $code == "" then $text else "\($text) (\($code))" end
        ' "$folder/body" 2>/dev/null) || text=''
    [ -n "$text" ] || text=$(head -c 300 "$folder/body" 2>/dev/null) || text=''
    [ -z "$location" ] || text="a redirect to $location"
    printf '%s answered %s: %s' "$asked" "$status" \
        "$(printf '%s' "${text:-no message}" | tr -s '[:cntrl:]' ' ')"
}

# As request; an error ends the demo with what was being done.
call() {
    local doing=$1
    shift
    request "$@" || die "cannot $doing: $(fault)"
}

# As call, where AGS answers with a redirect whose address has this query parameter: its value
# is then in $redirected.
call_redirect() {
    local doing=$1 parameter=$2 query text
    shift 2
    request "$@" || [ -n "$location" ] || die "cannot $doing: $(fault)"
    query="&${location#*\?}"
    query=${query%%#*}
    redirected=${query#*"&$parameter="}
    if [ "$redirected" = "$query" ]; then
        # A refusal has `error` and `error_description` there.
        text=${query#*"&error="}
        [ "$text" != "$query" ] || die "cannot $doing: $(fault)"
        text=${text//+/ }
        text=$(printf '%b' "${text//%/\\x}" | tr -s '[:cntrl:]' ' ')
        die "cannot $doing: $asked answered $status: ${text//&error_description=/: }"
    fi
    redirected=${redirected%%&*}
}

# The text at a jq path of the last answer, which has to be there.
answered() {
    local text
    text=$(jq -er "$1 | strings" "$folder/body" 2>/dev/null) ||
        die "$asked answered $status without $1"
    printf '%s' "$text"
}

# ---- PKCE ----

base64url() { base64 | tr -d '=\r\n' | tr '+/' '-_'; }

sha256_hex() {
    if command -v sha256sum >/dev/null; then
        sha256sum
    elif command -v shasum >/dev/null; then
        shasum -a 256
    else
        openssl dgst -sha256 -r
    fi
}

random_hex() { head -c 32 /dev/urandom | sha256_hex | cut -c "1-$1"; }

# The S256 challenge of a verifier (RFC 7636).
challenge() {
    local hex
    hex=$(printf '%s' "$1" | sha256_hex)
    hex=${hex%% *}
    # shellcheck disable=SC2059 # the format is the escapes themselves
    printf "$(printf '%s' "$hex" | sed 's/../\\x&/g')" | base64url
}

# ---- What is created, and removed again ----

readonly MATCH2="/match2/v1/namespaces"

# Deletes the resource at a path, or shows why it cannot. One that is gone already counts as deleted.
remove() {
    local what=$1 path=$2 token=$3
    request DELETE "$path" "$(bearer "$token")" && return 0
    # 406: a ticket that has found its match meanwhile.
    case $status in 404 | 406) return 0 ;; esac
    printf 'demo.sh: cannot remove %s: %s\n' "$what" "$(masked "$(fault)")" >&2
    return 1
}

# The pool goes first: it names the others.
remove_names() {
    local failed=0 ns=$AB_NAMESPACE
    remove "match pool $DEMO_NAME" "$MATCH2/$ns/match-pools/$DEMO_NAME" "$client_token" || failed=1
    remove "match function $DEMO_NAME" "$MATCH2/$ns/match-functions/$DEMO_NAME" "$client_token" || failed=1
    remove "ruleset $DEMO_NAME" "$MATCH2/$ns/rulesets/$DEMO_NAME" "$client_token" || failed=1
    remove "session template $DEMO_NAME" "/session/v1/admin/namespaces/$ns/configurations/$DEMO_NAME" \
        "$client_token" || failed=1
    return "$failed"
}

# It may run inside any function, whose locals then hide globals of the same name.
clean_up() {
    local code=$? failed=0 n
    trap - EXIT
    # A second Ctrl-C must not stop the clean-up; each request has a timeout.
    trap '' INT TERM HUP
    if [ -n "$client_token" ]; then
        say "cleaning up"
        for ((n = 0; n < ${#tickets[@]}; n++)); do
            [ "${matched[n]:-}" = true ] || remove "match ticket ${tickets[n]}" \
                "$MATCH2/$AB_NAMESPACE/match-tickets/${tickets[n]}" "${tokens[n]}" || failed=1
        done
        remove_names || failed=1
        for ((n = 0; n < ${#users[@]}; n++)); do
            remove "player ${users[n]}" \
                "/iam/v3/admin/namespaces/$AB_NAMESPACE/users/${users[n]}/information" \
                "$client_token" || failed=1
        done
        [ "$failed" = 1 ] || say "nothing is left over"
    fi
    rm -rf "$folder"
    [ "$code" -ne 0 ] || code=$failed
    exit "$code"
}

# ---- The steps ----

check_settings() {
    local missing='' places='' variable
    for variable in curl jq; do
        command -v "$variable" >/dev/null || missing="$missing $variable"
    done
    [ -z "$missing" ] || die "install first:$missing"
    for variable in AB_BASE_URL AB_NAMESPACE AB_CLIENT_ID AB_CLIENT_SECRET; do
        [ -n "${!variable:-}" ] || missing="$missing $variable"
    done
    for variable in NGROK_URL GRPC_SERVER_URL EXTEND_APP_NAME; do
        [ -z "${!variable:-}" ] || places="$places $variable"
    done
    [ -n "$places" ] || missing="$missing NGROK_URL|GRPC_SERVER_URL|EXTEND_APP_NAME"
    [ -z "$missing" ] || die "set first:$missing (./demo.sh --help says more)"
    [ "${places# * }" = "$places" ] || die "set only one of:$places"
    case $AB_BASE_URL in
        http://?* | https://?*) ;;
        *) die "AB_BASE_URL is \"$AB_BASE_URL\": it has to begin with https:// or http://" ;;
    esac
    for variable in AB_NAMESPACE DEMO_NAME; do
        case ${!variable} in
            *[!A-Za-z0-9_-]*) die "$variable is \"${!variable}\": allowed are letters, digits, - and _" ;;
        esac
    done
    case $DEMO_WAIT_SECOND in
        '' | *[!0-9]*) die "DEMO_WAIT_SECOND is \"$DEMO_WAIT_SECOND\": allowed are whole numbers" ;;
    esac
}

create_pool() {
    local admin target
    admin=$(bearer "$client_token")
    say "creating session template, ruleset and match pool $DEMO_NAME"
    call "create the session template" POST "/session/v1/admin/namespaces/$AB_NAMESPACE/configuration" \
        "$admin
$(json "$(jq -cn --arg name "$DEMO_NAME" '{
            name: $name, type: "P2P", joinability: "OPEN", minPlayers: 2, maxPlayers: 2,
            inviteTimeout: 60, inactiveTimeout: 60, persistent: false, textChat: false,
            clientVersion: "1.0.0", deployment: "", requestedRegions: ["us-west-2"]}')")"
    call "create the ruleset" POST "$MATCH2/$AB_NAMESPACE/rulesets" "$admin
$(json "$(jq -cn --arg name "$DEMO_NAME" '{name: $name, enable_custom_match_function: true,
            data: {shipCountMin: 2, shipCountMax: 2}}')")"
    if [ -n "${EXTEND_APP_NAME:-}" ]; then
        say "registering the match function: Extend app $EXTEND_APP_NAME"
        target=$(jq -cn --arg name "$DEMO_NAME" --arg app "$EXTEND_APP_NAME" \
            '{match_function: $name, serviceAppName: $app}')
    else
        target=${NGROK_URL:-${GRPC_SERVER_URL:-}}
        target=${target#*://}
        say "registering the match function: $target"
        target=$(jq -cn --arg name "$DEMO_NAME" --arg url "$target" '{match_function: $name, url: $url}')
    fi
    call "register the match function" POST "$MATCH2/$AB_NAMESPACE/match-functions" "$admin
$(json "$target")"
    call "create the match pool" POST "$MATCH2/$AB_NAMESPACE/match-pools" "$admin
$(json "$(jq -cn --arg name "$DEMO_NAME" '{name: $name, rule_set: $name, match_function: $name,
            session_template: $name, ticket_expiration_seconds: 600,
            backfill_ticket_expiration_seconds: 600, backfill_proposal_expiration_seconds: 600,
            auto_accept_backfill_proposal: false}')")"
}

create_test_players() {
    local n
    call "create the test players" POST "/iam/v4/admin/namespaces/$AB_NAMESPACE/test_users" \
        "$(bearer "$client_token")
$(json "{\"count\":$PLAYERS,\"userInfo\":{\"country\":\"US\"}}")"
    for ((n = 0; n < PLAYERS; n++)); do
        users[n]=$(answered ".data[$n].userId")
    done
    for ((n = 0; n < PLAYERS; n++)); do
        logins[n]=$(answered ".data[$n].emailAddress")
        passwords[n]=$(answered ".data[$n].password")
    done
}

create_player() {
    local n=$1 player
    player="${DEMO_NAME}_${run}_$((n + 1))"
    logins[n]="$player@example.com"
    passwords[n]=$password
    # The password goes through standard input, as every secret does.
    call "create player $((n + 1)) (./demo.sh --test-users is another way)" \
        POST "/iam/v4/public/namespaces/$AB_NAMESPACE/users" "$(bearer "$client_token")
$(json "$(printf '%s' "$password" | jq -cR --arg player "$player" --arg email "${logins[n]}" '{
            authType: "EMAILPASSWD", country: "US", dateOfBirth: "1995-01-10", password: .,
            username: $player, emailAddress: $email, displayName: $player,
            uniqueDisplayName: $player}')")"
    users[n]=$(answered .userId)
}

# An authorization code with PKCE, as a game client gets its token.
log_player_in() {
    local n=$1 number=$(($1 + 1)) verifier
    verifier=$(random_hex 64)
    call_redirect "ask for the login of player $number" request_id GET "/iam/v3/oauth/authorize" "get
$(field response_type code)
$(field client_id "$AB_CLIENT_ID")
$(field scope "commerce account social publishing analytics")
$(field code_challenge_method S256)
$(field code_challenge "$(challenge "$verifier")")"
    call_redirect "log player $number in" code POST "/iam/v3/authenticate" \
        "$(field user_name "${logins[n]}")
$(field password "${passwords[n]}")
$(field client_id "$AB_CLIENT_ID")
$(field request_id "$redirected")"
    call "get a token for player $number" POST "/iam/v3/oauth/token" "$(client_login)
$(field grant_type authorization_code)
$(field client_id "$AB_CLIENT_ID")
$(field code "$redirected")
$(field code_verifier "$verifier")"
    tokens[n]=$(answered .access_token)
}

queue_player() {
    local n=$1
    call "create a match ticket for player $((n + 1))" POST "$MATCH2/$AB_NAMESPACE/match-tickets" \
        "$(bearer "${tokens[n]}")
$(json "$(jq -cn --arg pool "$DEMO_NAME" '{matchPool: $pool, attributes: {}, latencies: {}, sessionID: ""}')")"
    tickets[n]=$(answered .matchTicketID)
    matched[n]=false
    say "  player $((n + 1)): user ${users[n]}, ticket ${tickets[n]}"
}

# Shows each ticket when it changes, until enough are matched.
watch_tickets() {
    local n count=0 session='' found first=true
    SECONDS=0
    while :; do
        count=0
        for ((n = 0; n < PLAYERS; n++)); do
            if [ "${matched[n]}" = false ]; then
                call "see the ticket of player $((n + 1))" GET \
                    "$MATCH2/$AB_NAMESPACE/match-tickets/${tickets[n]}" "$(bearer "${tokens[n]}")"
                found=$(jq -r '.matchFound == true' "$folder/body" 2>/dev/null) ||
                    die "$asked answered $status and no JSON"
                if [ "$found" = true ]; then
                    matched[n]=true
                    session=$(jq -r '.sessionID // ""' "$folder/body")
                    say "  player $((n + 1)): matched, session ${session:-not made yet}"
                elif [ "$first" = true ]; then
                    say "  player $((n + 1)): waiting"
                fi
            fi
            [ "${matched[n]}" = false ] || count=$((count + 1))
        done
        first=false
        [ "$count" -lt "$WANTED" ] || break
        [ "$SECONDS" -lt "$DEMO_WAIT_SECOND" ] ||
            die "no match within $DEMO_WAIT_SECOND s: does AGS reach the match function? Its log has a line for each call"
        sleep 1
    done
    say "$count of $PLAYERS players are matched"
}

main() {
    local n
    check_settings
    base_url=${AB_BASE_URL%"${AB_BASE_URL##*[!/]}"}
    folder=$(mktemp -d)
    trap clean_up EXIT
    trap 'exit 129' HUP
    trap 'exit 130' INT
    trap 'exit 143' TERM
    run=$(random_hex 8)
    # Upper and lower case, digits and a special character, and never three alike in a row.
    password="Dm7$(random_hex 16 | sed 's/../-&/g')"

    say "logging in at $base_url, namespace $AB_NAMESPACE"
    call "log in as the OAuth client" POST "/iam/v3/oauth/token" "$(client_login)
$(field grant_type client_credentials)"
    client_token=$(answered .access_token)
    say "removing what an earlier demo left"
    remove_names || die "cannot start while something of an earlier demo is there"
    create_pool

    say "creating $PLAYERS players, each with a match ticket"
    [ "$test_users" = false ] || create_test_players
    for ((n = 0; n < PLAYERS; n++)); do
        [ "$test_users" = true ] || create_player "$n"
        log_player_in "$n"
    done
    for ((n = 0; n < PLAYERS; n++)); do
        queue_player "$n"
    done

    say "waiting for a match of $WANTED players"
    watch_tickets
}

test_users=false
case $# in
    0) ;;
    1)
        case $1 in
            --test-users) test_users=true ;;
            -h | --help) usage; exit 0 ;;
            *) usage >&2; exit 64 ;;
        esac
        ;;
    *) usage >&2; exit 64 ;;
esac

DEMO_NAME=${DEMO_NAME:-match_function_demo}
DEMO_WAIT_SECOND=${DEMO_WAIT_SECOND:-120}
client_token='' password='' status='' location='' redirected='' asked='' folder='' base_url='' run=''
users=() logins=() passwords=() tokens=() tickets=() matched=()
main
