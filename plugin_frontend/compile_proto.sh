#!/usr/bin/env bash
# Compiles tb_explain/records/explain.proto for Python and for this page. Run after `npm ci`, then commit the four results.
set -euo pipefail
cd "$(dirname "$0")/.."

# 1.62.3 on purpose: its Python output runs with every protobuf runtime >= 4.25, that of newer compilers asks for newer ones.
venv=$(mktemp -d)
trap 'rm -rf "$venv"' EXIT
python3 -m venv "$venv"
"$venv/bin/pip" install --quiet grpcio-tools==1.62.3 'setuptools<81'

proto=tb_explain/records/explain.proto
"$venv/bin/python" -m grpc_tools.protoc -I. "$proto" --python_out=. --pyi_out=.

# protoc repeats the path of its input below --es_out; the page keeps its copy in src/records.
"$venv/bin/python" -m grpc_tools.protoc -I. "$proto" \
  --plugin=protoc-gen-es=plugin_frontend/node_modules/.bin/protoc-gen-es --es_opt=target=ts --es_out="$venv"
mkdir -p plugin_frontend/src/records
cp "$venv/tb_explain/records/explain_pb.ts" plugin_frontend/src/records/

npm --prefix plugin_frontend test -- src/records -u  # messages.ts, what the page reads of it
