# Every app of apps/, or one of them: docker build --build-arg APP=apps/packages -t packages .
FROM node:24-bookworm-slim AS build
WORKDIR /build
COPY . .
# The package as it is published, with the dependencies that the lock file names.
RUN npm ci --ignore-scripts --no-audit --no-fund --loglevel=error \
  && node scripts/build.ts \
  && npm prune --omit=dev --ignore-scripts --no-audit --no-fund --loglevel=error \
  && mkdir -p /app/apps \
  && cp package.json LICENSE /app/ \
  && mv node_modules /app/node_modules \
  && rm -rf /app/node_modules/trestle /app/node_modules/create-trestle /app/node_modules/trestle-admin /app/node_modules/trestle-client /app/node_modules/trestle-tokens /app/node_modules/@trestle /app/node_modules/.cache \
  && mv build/trestle /app/node_modules/trestle \
  && mv build/client /app/node_modules/trestle-client \
  && find /app/node_modules -type d -empty -delete \
  && find apps -name '*.test.ts' -delete

# The apps stand in a stage of their own, so that another app needs no other install.
FROM node:24-bookworm-slim AS apps
COPY --from=build /build/apps /build/apps
ARG APP=
RUN cd /build && mkdir /apps && cp -r ${APP:-apps/*} /apps/

FROM node:24-bookworm-slim
ENV NODE_ENV=production MALLOC_ARENA_MAX=2 HOST=0.0.0.0 PORT=4000 TRESTLE_DATA=/data
WORKDIR /app
COPY --from=build /app /app
COPY --from=apps /apps /app/apps
RUN mkdir /data && chown 1000:1000 /data
USER 1000:1000
VOLUME /data
EXPOSE 4000
HEALTHCHECK --interval=10s --timeout=5s --start-period=10s CMD ["node", "node_modules/trestle/bin/trestle.js", "health"]
CMD ["node", "--max-semi-space-size=4", "node_modules/trestle/bin/trestle.js", "serve"]
