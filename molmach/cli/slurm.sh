#!/bin/bash
# A campaign of molmach as a Slurm job, written by 'molmach campaign slurm'.
#SBATCH --job-name=@NAME@
#SBATCH --nodes=@NODES@
#SBATCH --ntasks-per-node=1
#SBATCH --cpus-per-task=@CORES@
#SBATCH --time=@TIME@
#SBATCH --signal=B:TERM@@GRACE@
#SBATCH --requeue
#SBATCH --open-mode=append
#SBATCH --output=@NAME@-%j.log
@MORE@
# Databases don't stand network file systems: the campaign runs on this node's own disk. Every minute its
# latest backup, and at the end the whole folder, goes to FOLDER, from where the next start takes it up.
set -u
FILE=@FILE@
FOLDER=@FOLDER@
PYTHON=@PYTHON@
WORK=${SLURM_TMPDIR:-${TMPDIR:-/tmp}}/mm-$SLURM_JOB_ID
RUN=$WORK/run
PORT=$((20000 + SLURM_JOB_ID % 20000))
HEAD=$(hostname --all-ip-addresses | tr ' ' '\n' | grep -v ':' | head -n 1)

export OMP_NUM_THREADS=1 OPENBLAS_NUM_THREADS=1
export RAY_worker_niceness=0 RAY_ACCEL_ENV_VAR_OVERRIDE_ON_ZERO=0 RAY_DISABLE_IMPORT_WARNING=1
export RAY_AUTH_MODE=token RAY_AUTH_TOKEN=$(od -An -N32 -tx1 /dev/urandom | tr -d ' \n')
export WORK PORT HEAD PYTHON

say() { echo "$(date '+%F %T') $*"; }

fetch() {
    rm -rf "$WORK"
    mkdir -p "$WORK/ray" || exit 1
    [ -d "$FOLDER" ] || return 0
    cp -a "$FOLDER" "$RUN" || exit 1
    [ -f "$FOLDER.evaluations.sqlite" ] && cp -a "$FOLDER.evaluations.sqlite" "$WORK/evaluations.sqlite"
    "$PYTHON" -m molmach.cli.main campaign repair "$RUN" || exit 1
}

keep_backup() {
    for name in ledger.backup.sqlite campaign.yaml; do
        [ -f "$RUN/$name" ] && mkdir -p "$FOLDER" && cp -a "$RUN/$name" "$FOLDER/.$name.new" &&
            mv "$FOLDER/.$name.new" "$FOLDER/$name"
    done
    [ -f "$FOLDER/ledger.backup.sqlite" ] && rm -f "$FOLDER"/ledger.sqlite* # which is older now
}

keep_all() {
    [ -d "$RUN" ] || return 0
    rm -rf "$FOLDER.new" && cp -a "$RUN" "$FOLDER.new" || return 1
    rm -rf "$FOLDER.old"
    [ -d "$FOLDER" ] && mv "$FOLDER" "$FOLDER.old"
    mv "$FOLDER.new" "$FOLDER" && rm -rf "$FOLDER.old"
    cp -a "$WORK/evaluations.sqlite" "$FOLDER.evaluations.sqlite.new" &&
        mv "$FOLDER.evaluations.sqlite.new" "$FOLDER.evaluations.sqlite"
}

# On every node of the job, the first of which is this one.
start_ray() {
    mkdir -p "$WORK/ray"
    if [ "$SLURM_NODEID" -eq 0 ]; then
        exec "$PYTHON" -m ray.scripts.scripts start --head --node-ip-address="$HEAD" --port="$PORT" \
            --temp-dir="$WORK/ray" --include-dashboard=false --num-cpus="$SLURM_CPUS_PER_TASK" \
            --object-store-memory=200000000 --disable-usage-stats --block
    fi
    until (exec 3<>"/dev/tcp/$HEAD/$PORT") 2>/dev/null; do sleep 2; done
    sleep 5
    exec "$PYTHON" -m ray.scripts.scripts start --address="$HEAD:$PORT" --num-cpus="$SLURM_CPUS_PER_TASK" \
        --object-store-memory=200000000 --disable-usage-stats --block
}
export -f start_ray

stopping=0
trap 'stopping=1; say "the time is nearly over"; [ -n "${DRIVER:-}" ] && kill -TERM "$DRIVER"' TERM

say "start ${SLURM_RESTART_COUNT:-0} on $SLURM_JOB_NODELIST"
fetch
srun --overlap --ntasks="$SLURM_JOB_NUM_NODES" --ntasks-per-node=1 bash -c start_ray >"$WORK/ray.log" 2>&1 &
RAY=$!
until grep -qs 'Ray runtime started' "$WORK/ray.log"; do # its port answers before it does
    kill -0 "$RAY" 2>/dev/null || { say "Ray did not start:"; cat "$WORK/ray.log"; exit 1; }
    sleep 1
done
sleep 5

"$PYTHON" -m molmach.cli.main campaign run "$FILE" -o "$RUN" --store "$WORK/evaluations.sqlite" \
    --address "$HEAD:$PORT" &
DRIVER=$!
[ "$stopping" -eq 1 ] && kill -TERM "$DRIVER"
(while sleep 60; do keep_backup; done) &
KEEPER=$!
while kill -0 "$DRIVER" 2>/dev/null; do wait "$DRIVER"; code=$?; done # a signal ends a wait, too

kill "$KEEPER" 2>/dev/null
kill "$RAY" 2>/dev/null
keep_all || { say "can't be copied to $FOLDER; it is left in $WORK"; exit 1; }
rm -rf "$WORK"
if [ "$stopping" -eq 1 ]; then
    trap '' TERM # which putting it in the queue sends
    say "stopped; goes on when Slurm starts the job again"
    scontrol requeue "$SLURM_JOB_ID"
    sleep 60 # Slurm ends this job now
fi
say "ended with code $code"
exit "$code"
