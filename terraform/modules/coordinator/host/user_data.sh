#!/bin/bash
# Makes a host of the plain image: mounts the volume with all that is kept, and starts what takes the bundle and runs Airflow.
set -euo pipefail
exec > >(tee -a /var/log/platerunner-setup.log) 2>&1
home=/usr/local/airflow
mkdir -p "$home" /etc/platerunner

# The volume comes some seconds after the host, and is formatted once in its life.
disk=/dev/disk/by-id/nvme-Amazon_Elastic_Block_Store_${volume}
for _ in $(seq 120); do [ ! -e "$disk" ] || break; sleep 5; done
[ -e "$disk" ] || { echo "the volume ${volume} is not attached after 10 minutes"; exit 1; }
blkid "$disk" || mkfs.xfs -L platerunner "$disk"
grep -q "$home" /etc/fstab || echo "LABEL=platerunner $home xfs defaults,nofail,x-systemd.device-timeout=120 0 2" >>/etc/fstab
mount "$home" || mountpoint "$home"

until dnf install --assumeyes --quiet python3.12 python3.12-pip postgresql16-server; do sleep 20; done
getent group airflow >/dev/null || groupadd --system --gid 900 airflow
id airflow >/dev/null 2>&1 || useradd --system --uid 900 --gid 900 --home-dir "$home" --no-create-home --shell /usr/sbin/nologin airflow

%{ for path, file in files ~}
cat >${path} <<'END_OF_FILE'
${file.text}
END_OF_FILE
chmod ${file.mode} ${path}
%{ endfor ~}

mkdir -p "$home/logs" "$home/bundle" "$home/dags" "$home/venvs"
if [ ! -s "$home/secrets.env" ]; then
  secret() { python3.12 -c 'import base64, os; print(base64.urlsafe_b64encode(os.urandom(32)).decode())'; }
  umask 077
  printf 'AIRFLOW__CORE__FERNET_KEY=%s\nAIRFLOW__API__SECRET_KEY=%s\nAIRFLOW__API_AUTH__JWT_SECRET=%s\n' "$(secret)" "$(secret)" "$(secret)" >"$home/secrets.env.new"
  mv "$home/secrets.env.new" "$home/secrets.env"
  umask 022
fi
chown airflow:airflow "$home" "$home/logs" "$home/secrets.env"

# The database is on the volume. Its owner has another number on each host. It takes the name of the Linux user (`peer`), no password.
mkdir -p "$home/postgres" /etc/systemd/system/postgresql.service.d
chown -R postgres:postgres "$home/postgres"
chmod 700 "$home/postgres"
printf '[Unit]\nRequiresMountsFor=%s\n[Service]\nEnvironment=PGDATA=%s/postgres\n' "$home" "$home" >/etc/systemd/system/postgresql.service.d/place.conf
[ -s "$home/postgres/PG_VERSION" ] || runuser -u postgres -- initdb --pgdata "$home/postgres" --auth peer --encoding UTF8 --locale C.UTF-8
printf "listen_addresses = ''\nunix_socket_directories = '/run/postgresql'\n" >"$home/postgres/platerunner.conf"
grep -q platerunner.conf "$home/postgres/postgresql.conf" || echo "include 'platerunner.conf'" >>"$home/postgres/postgresql.conf"
systemctl daemon-reload
systemctl enable --now postgresql.service
runuser -u postgres -- psql --quiet --tuples-only --command "select 1 from pg_roles where rolname = 'airflow'" | grep -q 1 || runuser -u postgres -- createuser airflow
runuser -u postgres -- psql --quiet --tuples-only --command "select 1 from pg_database where datname = 'airflow'" | grep -q 1 || runuser -u postgres -- createdb --owner airflow airflow

systemctl enable airflow@scheduler airflow@triggerer airflow@dag-processor airflow@api-server
systemctl enable --now platerunner-bundle.timer platerunner-health.timer
