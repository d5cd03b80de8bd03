# Ends what a test process started, as soon as that process closes our standard input: it asks for it so, and the
# kernel does it in its place when the process was killed. Lines on stdin: what there is to be ended.
pids='' folder='' label=''
while read -r what value; do
  case $what in
    pid) pids="$pids $value" ;;
    gone)
      left=''
      for pid in $pids; do [ "$pid" = "$value" ] || left="$left $pid"; done
      pids=$left
      ;;
    folder) folder=$value ;;
    label) label=$value ;;
  esac
done

for pid in $pids; do kill -9 "$pid" 2>/dev/null; done
if [ -n "$label" ]; then
  for container in $(docker ps -aq --filter "label=$label"); do docker rm -f -v "$container" >/dev/null; done
fi
# A process that is being killed can still write: its folder goes after it.
for pid in $pids; do
  tries=100
  while [ $tries -gt 0 ] && kill -0 "$pid" 2>/dev/null; do
    sleep 0.05
    tries=$((tries - 1))
  done
done
if [ -n "$folder" ]; then rm -rf "$folder"; fi
