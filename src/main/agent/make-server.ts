import { join } from 'node:path'
import { logFiles } from '#host/files.ts'
import { shownConfiguration } from '#kubelet/configuration/kubelet-configuration.ts'
import type { Kubelet } from '#kubelet/kubelet.ts'
import type { Runtime } from '#kubelet/runtime.ts'
import { createAuthenticate } from '#kubelet/server/authentication.ts'
import { createAuthorize } from '#kubelet/server/authorization.ts'
import { createKubeletServer } from '#kubelet/server/kubelet-server.ts'
import { accessReview, tokenReview } from '#kubelet/server/reviews.ts'
import type { AgentContext } from './agent-context.ts'
import { pem, watched } from './pem-files.ts'

/** The kubelet's own HTTPS server: what API server and monitoring ask of this node. */
export function makeServer({ config, configuration, where, client, clock, log }: AgentContext, runtime: Runtime, kubelet: Kubelet) {
  return createKubeletServer({
    nodeName: config.nodeName,
    pods: kubelet.pods,
    runtime,
    logFiles,
    authenticate: createAuthenticate({ reviewToken: tokenReview(client), clock }),
    authorize: createAuthorize({ review: accessReview(client, config.nodeName), clock }),
    certificate: {
      current: () => ({
        certificate: pem(where, `nodes/${config.nodeName}/kubelet-serving.crt`),
        key: pem(where, `nodes/${config.nodeName}/kubelet-serving.key`),
        clientCa: pem(where, 'ca.crt'),
      }),
      // The server process renews the files; what it wrote is taken up without a restart.
      onChange: (listener) => watched(join(where.pki, 'nodes', config.nodeName), clock, listener),
    },
    configuration: shownConfiguration(configuration),
    clock,
    log,
  })
}
