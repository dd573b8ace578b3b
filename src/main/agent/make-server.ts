import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { logFiles } from '#host/files.ts'
import { nodeLogs } from '#host/node-logs.ts'
import { processFigures } from '#host/stats/process-figures.ts'
import { shownConfiguration } from '#kubelet/configuration/kubelet-configuration.ts'
import type { Runtime } from '#kubelet/runtime.ts'
import { createAuthenticate } from '#kubelet/server/authentication.ts'
import { createAuthorize } from '#kubelet/server/authorization.ts'
import { createKubeletServer } from '#kubelet/server/kubelet-server.ts'
import { accessReview, tokenReview } from '#kubelet/server/reviews.ts'
import { durationMs } from '#lib/duration.ts'
import type { AgentContext } from './agent-context.ts'
import type { AgentKubelet } from './make-kubelet.ts'
import type { NodeCertificates } from './node-certificates.ts'
import { pem } from './pem-files.ts'

/** The kubelet's own HTTPS server: what API server and monitoring ask of this node. */
export function makeServer(
  { config, configuration, where, client, clock, log, metrics, tracer }: AgentContext,
  runtime: Runtime,
  kubelet: AgentKubelet,
  certificates: NodeCertificates,
) {
  const { authentication, authorization } = configuration
  const checkpointDirectory = join(where.kubelet, 'checkpoints')
  mkdirSync(checkpointDirectory, { recursive: true, mode: 0o700 })
  return createKubeletServer({
    nodeName: config.nodeName,
    pods: kubelet.pods,
    stats: kubelet.stats,
    spans: kubelet.spans,
    ...(tracer && { tracer }),
    metrics,
    processFigures,
    runtime,
    logFiles,
    nodeLogs: nodeLogs(),
    checkpointDirectory,
    serving: configuration,
    authenticate: createAuthenticate({ reviewToken: tokenReview(client), clock, knownMs: durationMs(authentication.webhook.cacheTTL) }),
    authorize: createAuthorize({
      review: accessReview(client, config.nodeName),
      clock,
      allowedMs: durationMs(authorization.webhook.cacheAuthorizedTTL),
      deniedMs: durationMs(authorization.webhook.cacheUnauthorizedTTL),
    }),
    certificate: {
      current: () => ({ ...certificates.serving(), clientCa: pem(where, 'ca.crt') }),
      onChange: certificates.onServingChange,
    },
    configuration: shownConfiguration(configuration),
    flags: {
      config: where.config,
      'hostname-override': config.nodeName,
      'node-ip': config.nodeAddress,
      'node-labels': Object.entries(config.nodeLabels ?? {})
        .map((label) => label.join('='))
        .join(','),
      'root-dir': where.kubelet,
    },
    clock,
    log,
  })
}
