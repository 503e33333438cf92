#!/bin/sh
# Collect what seldon-forensics wants from a Seldon Core v2 installation. Needs kubectl and nothing else; changes nothing
# in the cluster; sends nothing anywhere. Run it again to go on where it was stopped: what is there is not asked for again.
#
#   sh collect.sh [-n namespace]... [-o folder] [-k kubectl]
#
# Without -n: every namespace that has something of Seldon, the operator's included.
set -u
umask 077

out=seldon-bundle
kubectl=${KUBECTL:-kubectl}
namespaces=
while getopts n:o:k:h option; do
    case $option in
    n) namespaces="$namespaces $OPTARG" ;;
    o) out=$OPTARG ;;
    k) kubectl=$OPTARG ;;
    *)
        sed -n '2,8s/^# \{0,1\}//p' "$0"
        exit 2
        ;;
    esac
done

command -v "$kubectl" >/dev/null 2>&1 || {
    echo "collect: $kubectl is not here; name it with -k" >&2
    exit 2
}
mkdir -p "$out" || exit 2

# Secrets never leave the cluster: of Secret objects nothing but the certificates of TLS is asked for, and what looks like a secret
# elsewhere is masked. A value becomes <masked>: asterisks would be no YAML.
mask() {
    awk '
        # A private key over several lines; a value whose name stands on the line above; a text below its key.
        function indent(line) { match(line, /^ */); return RLENGTH }
        function telling(word) {
            word = toupper(word)
            gsub(/["'\'',: ]+$/, "", word)
            return word ~ /(PASS|PASSWD|PASSWORD|PASSPHRASE|PWD|SECRET|TOKEN|CREDENTIAL|CREDENTIALS|(API|ACCESS|ACCOUNT|PRIVATE|SECRET|SHARED|SIGNING|ENCRYPTION|MASTER)_?KEY)(_ID)?$/
        }
        { sub(/-----BEGIN [A-Z ]*PRIVATE KEY-----.*-----END [A-Z ]*PRIVATE KEY-----/, "<masked>") }
        /-----BEGIN [A-Z ]*PRIVATE KEY-----/ { key = 1; sub(/-----BEGIN .*/, "<masked>"); print; next }
        key { if ($0 ~ /-----END /) key = 0; if (++lines < 200) next; key = 0 }
        below >= 0 && $0 ~ /[^ ]/ { if (indent($0) > below) { sub(/[^ ].*/, "<masked>"); print; next } below = -1 }
        telling(before) && /^ *"value": / { sub(/: .*/, ": \"<masked>\"" ($0 ~ /,$/ ? "," : "")) }
        telling(before) && /^ *value: / { sub(/: .*/, ": <masked>") }
        { lines = 0; before = "" }
        /^ *(- )?"?name"?: / { before = $0 }
        /: *[|>][-+]?$/ { word = $0; sub(/: *[|>][-+]?$/, "", word); if (telling(word)) below = indent($0) }
        { print }
        BEGIN { below = -1 }
    ' | sed -E \
        -e 's#(://[^/@: ]+):[^/@ ]+@#\1:***@#g' \
        -e 's/eyJ[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]{8,}(\.[A-Za-z0-9_-]+)?/***/g' \
        -e 's/([Bb]earer|[Bb]asic) [A-Za-z0-9+\/_=.~-]{12,}/\1 ***/g' \
        -e 's/(([Pp]ass(word|wd|phrase)|PASSWORD|[A-Za-z_]*(SECRET|secret)_(ACCESS_KEY|access_key)|(ACCESS|access)_(KEY_ID|key_id)|[Aa]pi_?[Kk]ey|API_KEY|[Tt]oken|TOKEN|client_secret|CLIENT_SECRET|sasl\.jaas\.config)"?[=:] *"?)[^",}[:space:]]+/\1<masked>/g' \
        -e 's/(AKIA|ASIA)[A-Z0-9]{16}/***/g'
}

# keep FILE COMMAND...: run a command once, its output masked; an answer that is there already is kept.
keep() {
    file=$out/$1
    shift
    [ -s "$file" ] && return 0
    mkdir -p "$(dirname "$file")"
    if "$@" 2>"$file.err" | mask >"$file.part"; then :; fi
    if [ -s "$file.err" ]; then mask <"$file.err" >>"$out/errors.txt"; fi
    rm -f "$file.err"
    if [ -s "$file.part" ]; then mv "$file.part" "$file"; else rm -f "$file.part"; fi
    printf '.' >&2
}

get() { # get FILE NAMESPACE KINDS
    keep "$1" "$kubectl" -n "$2" get "$3" -o yaml
}

if [ -z "$namespaces" ]; then
    namespaces=$({
        "$kubectl" get seldonruntimes.mlops.seldon.io,models.mlops.seldon.io,servers.mlops.seldon.io -A --no-headers 2>/dev/null
        "$kubectl" get pods -A -l control-plane=v2-controller-manager --no-headers 2>/dev/null
    } | awk '{print $1}' | sort -u)
fi
[ -n "$namespaces" ] || {
    echo "collect: no namespace with something of Seldon was found; name them with -n" >&2
    exit 1
}

date -u +%Y-%m-%dT%H:%M:%SZ >"$out/collected-at.txt"
keep cluster/version.txt "$kubectl" version -o yaml
keep cluster/nodes.yaml "$kubectl" get nodes -o yaml
keep cluster/namespaces.yaml "$kubectl" get namespaces -o yaml
keep cluster/storageclasses.yaml "$kubectl" get storageclasses -o yaml
keep cluster/ingressclasses.yaml "$kubectl" get ingressclasses -o yaml
keep cluster/crds.txt "$kubectl" get crds
keep cluster/clusterrolebindings.yaml "$kubectl" get clusterrolebindings -o yaml
keep cluster/coredns.log "$kubectl" -n kube-system logs -l k8s-app=kube-dns --prefix --timestamps --tail=-1

for ns in $namespaces; do
    dir=namespaces/$ns
    for kind in models servers pipelines experiments seldonruntimes seldonconfigs serverconfigs; do
        get "$dir/$kind.yaml" "$ns" "$kind.mlops.seldon.io"
    done
    for kind in pods deployments statefulsets replicasets services endpoints endpointslices networkpolicies ingresses \
        persistentvolumeclaims configmaps serviceaccounts roles rolebindings resourcequotas limitranges \
        poddisruptionbudgets horizontalpodautoscalers events; do
        get "$dir/$kind.yaml" "$ns" "$kind"
    done
    # Names and sizes of Secrets, never their values; of TLS Secrets the certificate, which is shown to every client, never the key.
    keep "$dir/secrets.txt" "$kubectl" -n "$ns" get secrets
    keep "$dir/tls-certificates.yaml" "$kubectl" -n "$ns" get secrets --field-selector type=kubernetes.io/tls -o \
        'go-template=apiVersion: v1{{"\n"}}kind: SecretList{{"\n"}}items:{{"\n"}}{{range .items}}{{printf "- apiVersion: v1\n  kind: Secret\n  metadata:\n    name: %s\n    namespace: %s\n  type: %s\n" .metadata.name .metadata.namespace .type}}{{printf "  data:\n    tls.crt: %s\n" (index .data "tls.crt")}}{{end}}'
    for kind in gateways.gateway.networking.k8s.io httproutes.gateway.networking.k8s.io virtualservices.networking.istio.io \
        peerauthentications.security.istio.io authorizationpolicies.security.istio.io certificates.cert-manager.io \
        podmonitors.monitoring.coreos.com servicemonitors.monitoring.coreos.com kafkas.kafka.strimzi.io; do
        get "$dir/$kind.yaml" "$ns" "$kind"
    done

    for pod in $("$kubectl" -n "$ns" get pods -o name 2>/dev/null | sed 's#^pod/##'); do
        containers=$("$kubectl" -n "$ns" get pod "$pod" -o 'jsonpath={.spec.initContainers[*].name} {.spec.containers[*].name}' 2>/dev/null)
        for container in $containers; do
            keep "$dir/pods/$pod/$container.log" "$kubectl" -n "$ns" logs "$pod" -c "$container" --timestamps --tail=-1
            keep "$dir/pods/$pod/$container.previous.log" "$kubectl" -n "$ns" logs "$pod" -c "$container" --timestamps --tail=-1 --previous
        done
        case " $containers " in
        *" envoy "*)
            # The administration port listens in the pod alone (9901; 9003 up to 2.8.4), and the image has no curl: bash asks.
            for path in stats clusters listeners certs server_info ready 'config_dump?include_eds'; do
                name=$(printf '%s' "$path" | sed 's/?.*//')
                keep "$dir/pods/$pod/envoy/$name" "$kubectl" -n "$ns" exec "$pod" -c envoy -- bash -c \
                    "for port in 9901 9003; do exec 3<>/dev/tcp/127.0.0.1/\$port || continue; printf 'GET /$path HTTP/1.0\r\nHost: localhost\r\n\r\n' >&3; sed '1,/^\r*\$/d' <&3; break; done"
            done
            keep "$dir/pods/$pod/envoy/access.log" "$kubectl" -n "$ns" exec "$pod" -c envoy -- cat /tmp/envoy-accesslog.txt
            ;;
        esac
    done
done

printf '\n' >&2
tar -czf "$out.tar.gz" "$out" && echo "collect: $out.tar.gz is what to send" >&2
