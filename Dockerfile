# One image for every door: the API, or by another command the worker (node src/worker.ts), the migrations (node src/migrate.ts), the rest.
FROM node:26.10.0-trixie-slim AS base
WORKDIR /app

FROM base AS build
COPY package.json package-lock.json ./
# The addons that production uses come ready made: no install script has to run.
RUN --mount=type=cache,target=/root/.npm npm ci --omit=dev --ignore-scripts --no-audit --no-fund
# Nothing here reads source maps or types; @types and typescript come along as peers of what production uses.
RUN find node_modules -type f \( -name '*.map' -o -name '*.d.ts' -o -name '*.d.[cm]ts' \) -delete && rm -rf node_modules/@types node_modules/typescript
COPY . .
# A clone made under a strict umask would be unreadable to the user below.
RUN chmod -R u=rwX,go=rX package.json backup migrations src

# The payment sandbox of development, by --target payments. The image below has none of it.
FROM base AS payments
COPY package.json ./
COPY tools tools
RUN chmod -R u=rwX,go=rX package.json tools && mkdir /data && chown 10001 /data
USER 10001
EXPOSE 8420
HEALTHCHECK --interval=5s --timeout=5s --start-period=10s --retries=3 CMD ["node", "-e", "fetch('http://127.0.0.1:8420/sandbox/health').then(({ ok }) => process.exit(ok ? 0 : 1), () => process.exit(1))"]
CMD ["node", "tools/payment-sandbox.ts", "--host", "0.0.0.0", "--file", "/data/payments.jsonl", "--webhook", "http://api:8080/v1/webhooks/payments"]

# PostgreSQL, with what archives its WAL, by --target postgres.
FROM postgres:18.6-trixie AS postgres
RUN apt-get update && apt-get install --yes --no-install-recommends pgbackrest && rm -rf /var/lib/apt/lists/*

# What makes backups and brings them back, by --target backup: made of the one above, since both ends of pgBackRest have to be one version.
# A drill runs the verifiers of ledger and audit trail, hence Node.
FROM postgres AS backup
RUN apt-get update \
    && apt-get install --yes --no-install-recommends age awscli ca-certificates jq libatomic1 openssl zstd \
    && rm -rf /var/lib/apt/lists/* \
    && install --directory --owner 999 --group 999 /restored
COPY --from=base /usr/local/bin/node /usr/local/bin/node
WORKDIR /app
COPY --from=build /app/node_modules node_modules
COPY --from=build /app/package.json ./
COPY --from=build /app/migrations migrations
COPY --from=build /app/src src
COPY --from=build /app/backup /backup
USER 999:999
ENTRYPOINT []
CMD ["/backup/serve.sh"]

FROM base
# Nothing installs packages here, so nothing has to be patched for a tool that could.
RUN rm -rf /usr/local/lib/node_modules /opt/yarn* /usr/local/bin/npm /usr/local/bin/npx /usr/local/bin/corepack /usr/local/bin/yarn*
ENV NODE_ENV=production HOST=0.0.0.0
COPY --from=build /app/node_modules node_modules
COPY --from=build /app/package.json ./
COPY --from=build /app/migrations migrations
COPY --from=build /app/src src
# For volumes of log files, where LOG_FILE names one, and of uploads (UPLOADS_URL): they take over their owner.
RUN mkdir --mode 700 /uploads && mkdir /logs && chown 10001:10001 /logs /uploads
# What Node compiled of the doors, under the user that it is for, who may not change it: a replica that starts, or asks for its health,
# takes less from those that serve. Nobody listens here, which the health check says.
ENV NODE_COMPILE_CACHE=/app/compiled
RUN mkdir compiled && chown 10001 compiled && setpriv --reuid 10001 --regid 10001 --clear-groups node --eval \
    "await Promise.all(['server', 'worker', 'health-check'].map((door) => import('/app/src/' + door + '.ts'))); process.exitCode = 0" \
    && chown -R 0:0 compiled && chmod -R a+rX compiled
USER 10001:10001
EXPOSE 8080
# A container that works on jobs asks its own port: node src/health-check.ts http://127.0.0.1:9092/health/ready
HEALTHCHECK --interval=5s --timeout=5s --start-period=30s --retries=3 CMD ["node", "src/health-check.ts"]
ENTRYPOINT []
CMD ["node", "src/server.ts"]
