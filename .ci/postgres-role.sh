#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Run by the image of PostgreSQL when its directory is empty: Todoke's role owns its database, no more.
set -eu
psql --no-psqlrc --set=ON_ERROR_STOP=1 --username="$POSTGRES_USER" --dbname=postgres <<'SQL'
\set password `cat /run/secrets/database_password`
create role todoke login password :'password';
create database todoke owner todoke;
SQL
