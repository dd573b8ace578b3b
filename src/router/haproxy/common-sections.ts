import { connectionTries } from '../model/action.ts'
import type { ProxySettings } from './configuration.ts'

/** The sections that do not depend on what is served: the process, what holds for every connection, and its metrics. */
export function commonSections(settings: ProxySettings): ReadonlyMap<string, string> {
  const { adminSocket, metricsSocket, logSocket, confinement, maxConnections, threads, timeouts } = settings
  return new Map([
    [
      'global',
      [
        `stats socket ${adminSocket} mode 600 level admin expose-fd listeners`,
        'stats timeout 1m',
        ...(confinement ? [`chroot ${confinement.directory}`, `user ${confinement.user}`, `group ${confinement.group}`] : []),
        `maxconn ${maxConnections}`,
        // A machine that allows fewer open files than that many connections need serves fewer, and is told so in the log.
        'no strict-limits',
        ...(threads === undefined ? [] : [`nbthread ${threads}`]),
        // Workers before a reload end with their last connection, those of a WebSocket or a long download after half an hour.
        'hard-stop-after 30m',
        'mworker-max-reloads 50',
        'ssl-default-bind-options ssl-min-ver TLSv1.2',
        `ssl-default-bind-ciphers ${ciphers}`,
        'tune.ssl.default-dh-param 2048',
      ].join('\n'),
    ],
    [
      `ring ${accessRing}`,
      [
        'format raw',
        // What is kept while nobody takes it: some thousand requests. The oldest go first.
        `size ${2 << 20}`,
        // A long path with every character escaped.
        'maxlen 16384',
        'timeout connect 1s',
        'timeout server 10s',
        `server agent unix@${logSocket}`,
      ].join('\n'),
    ],
    [
      'defaults',
      [
        'mode http',
        'option dontlognull',
        // While a worker ends, a client's next request on a kept connection is still answered; otherwise it would meet a closed one.
        'option idle-close-on-response',
        'option redispatch 1',
        // Several pods may end at once, and refuse connections before their endpoints say so.
        `retries ${connectionTries.most - 1}`,
        // A request that was sent may have had its effect: only connections that did not come about are tried elsewhere.
        'retry-on conn-failure',
        `timeout connect ${timeouts.connectMs}ms`,
        `timeout client ${timeouts.clientMs}ms`,
        `timeout server ${timeouts.serverMs}ms`,
        `timeout http-request ${timeouts.requestHeaderMs}ms`,
        `timeout http-keep-alive ${timeouts.keepAliveMs}ms`,
        `timeout tunnel ${timeouts.tunnelMs}ms`,
        'timeout queue 5s',
        'timeout client-fin 30s',
      ].join('\n'),
    ],
    [
      'frontend metrics',
      [
        `bind unix@${metricsSocket} mode 600`,
        'http-request use-service prometheus-exporter if { path /metrics }',
        'http-request return status 404',
      ].join('\n'),
    ],
  ])
}

/** What Mozilla's "intermediate" recommends for TLS 1.2; TLS 1.3 has good ones only. */
const ciphers = [
  'ECDHE-ECDSA-AES128-GCM-SHA256',
  'ECDHE-RSA-AES128-GCM-SHA256',
  'ECDHE-ECDSA-AES256-GCM-SHA384',
  'ECDHE-RSA-AES256-GCM-SHA384',
  'ECDHE-ECDSA-CHACHA20-POLY1305',
  'ECDHE-RSA-CHACHA20-POLY1305',
].join(':')

/** The buffer that access logs go through: a request never waits for who keeps them. */
export const accessRing = 'access'

/** One JSON object a connection that came to nothing before its first request, such as one whose TLS failed. */
export const errorLogFormat = `{${[
  '"time":"%[date,utime(%Y-%m-%dT%H:%M:%SZ)]"',
  '"client":"%ci"',
  '"port":%fp',
  '"error":"%[fc_err_str,json(utf8s)]"',
].join(',')}}`

/** One JSON object a connection that is passed on. */
export const connectionLogFormat = `{${[
  '"time":"%[date,utime(%Y-%m-%dT%H:%M:%SZ)]"',
  '"client":"%ci"',
  '"port":%fp',
  '"host":"%[var(txn.host),json(utf8s)]"',
  '"bytes":%B',
  '"ms":%Tt',
  '"connectMs":%Tc',
  '"backend":"%b"',
  '"endpoint":"%s"',
  '"retries":"%rc"',
  '"ended":"%ts"',
].join(',')}}`

/** One JSON object a request. Whatever a client wrote is escaped; invalid UTF-8 is left out. Times in milliseconds, -1: it did not come to that. */
export const logFormat = `{${[
  '"time":"%[date,utime(%Y-%m-%dT%H:%M:%SZ)]"',
  '"client":"%ci"',
  '"port":%fp',
  '"method":"%[capture.req.method,json(utf8s)]"',
  '"host":"%[var(txn.host),json(utf8s)]"',
  '"uri":"%[var(txn.uri),bytes(0,2048),json(utf8s)]"',
  '"status":%ST',
  '"bytes":%B',
  '"ms":%Ta',
  '"connectMs":%Tc',
  '"responseMs":%Tr',
  '"backend":"%b"',
  '"endpoint":"%s"',
  '"retries":"%rc"',
  '"ended":"%ts"',
].join(',')}}`
