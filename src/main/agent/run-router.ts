import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { createClient } from '#client/http.ts'
import { createHttpsTransport } from '#client/https-transport.ts'
import { nodeAddresses } from '#host/config.ts'
import { createHaproxyHost, haproxySettings } from '#host/haproxy.ts'
import { serverUrls } from '#host/join-settings.ts'
import { createEventRecorder } from '#loop/events.ts'
import { hasNodePorts } from '#network/proxy/table.ts'
import { createGatewayPart } from '#router/gateway/gateway-part.ts'
import { createProxy } from '#router/haproxy/proxy.ts'
import { createIngressPart } from '#router/ingress/ingress-part.ts'
import { startRouter } from '#router/router.ts'
import type { AgentContext } from './agent-context.ts'
import { pem, watched } from './pem-files.ts'

/**
 * The cluster's router, on the machine that was given its identity: the server's own. Elsewhere, and where there is nothing to route, it is nothing.
 * Stopping leaves HAProxy at work.
 */
export async function runRouter({ config, where, clock, random, log: agentLog }: AgentContext): Promise<{ stop(): Promise<void> }> {
  if (!['router.crt', 'router.key'].every((name) => existsSync(join(where.pki, name)))) return { async stop() {} }
  const log = agentLog.with({ part: 'router' })
  const transport = createHttpsTransport({
    server: serverUrls(config),
    ca: pem(where, 'ca.crt'),
    certificate: () => pem(where, 'router.crt'),
    key: () => pem(where, 'router.key'),
    clock,
    random: random.fork('router transport'),
  })
  const client = createClient(transport, { fieldManager: 'wherry-router' })
  const places = {
    directory: where.router,
    runDirectory: where.routerRun,
    pidFile: where.routerPid,
    accessLog: where.routerLog,
    programLog: where.haproxyLog,
  }
  const host = createHaproxyHost({ ...places, clock, log })
  const addresses = nodeAddresses(config)
  const reservedPorts = new Map([
    [config.apiPort, 'the API server'],
    [config.kubeletPort, 'the node agent'],
  ])
  const proxy = createProxy({ host, settings: haproxySettings(places, addresses), clock, log, reservedPorts })
  const basis = { client, clock, random: random.fork('router'), log }
  const recorder = createEventRecorder({ ...basis, component: 'wherry-router', host: config.nodeName })
  const ports = { http: config.ingressHTTPPort ?? 80, https: config.ingressHTTPSPort ?? 443 }
  const router = startRouter({
    ...basis,
    // Ingresses first: what ports they have, Gateways share or leave.
    parts: [createIngressPart({ ...basis, ports }), createGatewayPart(basis)],
    proxy,
    recorder,
    addresses,
    nodePortAddresses: addresses.filter((address) => hasNodePorts(address, config.nodePortAddresses)),
  })
  // The server process renews the pair before it ends.
  const forget = watched(where.pki, clock, () => transport.reconnect())
  return {
    async stop() {
      forget()
      await router.stop()
      recorder.close()
      await host.close()
      transport.close()
    },
  }
}
