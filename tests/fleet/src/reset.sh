# Leaves nothing on a host but the proxy's image and the key that lets us in.
docker ps --all --quiet | xargs -r docker rm --force >/dev/null
docker network ls --quiet --filter type=custom | xargs -r docker network rm >/dev/null
docker volume ls --quiet | xargs -r docker volume rm >/dev/null
docker image ls --all --format '{{.ID}} {{.Repository}}' | grep -v ' basecamp/kamal-proxy$' | cut -d' ' -f1 |
  sort -u | xargs -r docker rmi --force >/dev/null
find /root -mindepth 1 -maxdepth 1 ! -name .ssh -exec rm -rf {} +
