# What a deploy of the sample app cannot do without, on one host, without a lock, an audit or a question asked twice.
set -eu
image=@REGISTRY@/fleet/sample
name=sample-web-@VERSION@

echo '@PASSWORD@' | docker login @REGISTRY@ --username @USERNAME@ --password-stdin
docker pull --quiet "$image:@VERSION@"

mkdir -p .kamal/apps/sample/env/roles
(umask 077 && echo SAMPLE_TOKEN=planted-token-8c41f7 >.kamal/apps/sample/env/roles/web.env)

old=$(docker ps --quiet --filter label=service=sample --filter label=role=web)
if [ -n "$(docker container ls --all --quiet --filter "name=^$name\$")" ]; then
  docker rename "$name" "${name}_replaced_$(od -An -N8 -tx1 /dev/urandom | tr -d ' ')"
fi
new=$(docker run --detach --restart unless-stopped --name "$name" --network kamal --env KAMAL_CONTAINER_NAME="$name" \
  --env KAMAL_VERSION=@VERSION@ --env KAMAL_HOST=@HOST@ --env COLOUR=green --env-file .kamal/apps/sample/env/roles/web.env \
  --log-opt max-size=10m --label service=sample --label role=web --label destination "$image:@VERSION@")
docker exec kamal-proxy kamal-proxy deploy sample-web --target="$(echo "$new" | cut -c1-12):80" --health-check-path=/up
[ -z "$old" ] || docker stop $old
docker tag "$image:@VERSION@" "$image:latest"

docker ps --all --quiet --filter label=service=sample --filter status=created --filter status=exited --filter status=dead |
  tail -n +6 | xargs -r docker rm
docker image prune --force --filter label=service=sample
