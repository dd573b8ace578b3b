import { logFiles } from '#host/files.ts'
import { shownConfiguration } from '#kubelet/configuration/kubelet-configuration.ts'
import type { Runtime } from '#kubelet/runtime.ts'
import { createAuthenticate } from '#kubelet/server/authentication.ts'
import { createAuthorize } from '#kubelet/server/authorization.ts'
import { createKubeletServer } from '#kubelet/server/kubelet-server.ts'
import { accessReview, tokenReview } from '#kubelet/server/reviews.ts'
import type { AgentContext } from './agent-context.ts'
import type { AgentKubelet } from './make-kubelet.ts'
import type { NodeCertificates } from './node-certificates.ts'
import { pem } from './pem-files.ts'

/** The kubelet's own HTTPS server: what API server and monitoring ask of this node. */
export function makeServer(
  { config, configuration, where, client, clock, log, metrics }: AgentContext,
  runtime: Runtime,
  kubelet: AgentKubelet,
  certificates: NodeCertificates,
) {
  return createKubeletServer({
    nodeName: config.nodeName,
    pods: kubelet.pods,
    stats: kubelet.stats,
    metrics,
    runtime,
    logFiles,
    authenticate: createAuthenticate({ reviewToken: tokenReview(client), clock }),
    authorize: createAuthorize({ review: accessReview(client, config.nodeName), clock }),
    certificate: {
      current: () => ({ ...certificates.serving(), clientCa: pem(where, 'ca.crt') }),
      onChange: certificates.onServingChange,
    },
    configuration: shownConfiguration(configuration),
    clock,
    log,
  })
}
