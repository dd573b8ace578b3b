import { join } from 'node:path'
import { type Config, nodeAddresses } from '#host/config.ts'
import { isJoined } from '#host/join-settings.ts'
import type { Paths } from '#host/layout.ts'
import { nodeCertificateStore } from '#host/node-bootstrap.ts'
import { certificateTools } from '#host/node-certificates.ts'
import { makeCertificate } from '#host/pki/certificate.ts'
import { createCertificateManager } from '#kubelet/certificates/certificate-manager.ts'
import { observeCertificates } from '#kubelet/certificates/certificate-metrics.ts'
import type { CertificateStore, KeyPair } from '#kubelet/certificates/interfaces.ts'
import { clientTemplate, servingTemplate } from '#kubelet/certificates/rotation.ts'
import type { Clock } from '#lib/clock.ts'
import type { AgentContext } from './agent-context.ts'
import { pem, watched } from './pem-files.ts'

/** The node's two certificates: what to use now, and how to hear of another. */
export interface NodeCertificates {
  client(): KeyPair
  serving(): KeyPair
  /** Whether there is a client certificate that serves; a machine that joined has none at first. */
  has(): boolean
  /** Where the client's stays. */
  readonly store: CertificateStore
  /** Asks for new ones in time from now on, as the configuration says. `reconnect` is called after each change of the client's. */
  keepFresh(context: AgentContext, reconnect: () => void): void
  /** Called when the serving certificate may be another. */
  onServingChange(listener: () => void): () => void
  stop(): Promise<void>
}

/**
 * The pairs that the server process made, and renews, stand in the folder of keys; those that the agent asked for itself with the kubelet's files.
 * A machine that joined has none of the former.
 */
export function openNodeCertificates(config: Config, where: Paths, clock: Clock): NodeCertificates {
  const folder = join(where.pki, 'nodes', config.nodeName)
  const authority = (): string => pem(where, 'ca.crt')
  const stores = {
    client: nodeCertificateStore(where, config.nodeName, 'kubelet-client', authority, clock),
    serving: nodeCertificateStore(where, config.nodeName, 'kubelet-serving', authority, clock),
  }
  const listeners = new Set<() => void>()
  const ends: (() => Promise<void> | void)[] = []
  let makeshift: KeyPair | undefined
  let lastClient: KeyPair | undefined

  // One that has ended still says best what is wrong: whoever sees it names it.
  const made = (name: keyof typeof stores): KeyPair => ({
    certificate: pem(where, join('nodes', config.nodeName, `kubelet-${name}.crt`)),
    key: pem(where, join('nodes', config.nodeName, `kubelet-${name}.key`)),
  })
  /** Until somebody signed one, the port has one that nobody trusts: the API server's calls fail, and nothing else has to wait. */
  const unsigned = (): KeyPair =>
    (makeshift ??= makeCertificate({
      commonName: config.nodeName,
      usage: 'server',
      dnsNames: [config.nodeName],
      addresses: nodeAddresses(config),
      notBefore: clock.now(),
      notAfter: clock.now() + 365 * 86_400_000,
    }))
  const servingChanged = () => {
    for (const listener of listeners) listener()
  }

  return {
    client: () => (lastClient = stores.client.read() ?? lastClient ?? made('client')),
    serving: () => stores.serving.read() ?? (isJoined(config) ? unsigned() : made('serving')),
    has: () => stores.client.read() !== undefined,
    store: stores.client,
    keepFresh({ configuration, client, random, log, metrics }, reconnect) {
      const basis = { client, clock, log, tools: certificateTools }
      /** Nobody waits for what a file that changed brings about: what throws here would end the agent. */
      const tellServing = () => {
        try {
          servingChanged()
        } catch (error) {
          log.error('the serving certificate that changed cannot be used; the former one stays', { error })
        }
      }
      const names = servingTemplate(config.nodeName, [
        ...nodeAddresses(config).map((address) => ({ type: 'InternalIP', address })),
        { type: 'Hostname', address: config.nodeName },
      ])
      const managers = [
        ...(configuration.rotateCertificates
          ? [
              {
                name: 'client' as const,
                changed: reconnect,
                manager: createCertificateManager({
                  ...basis,
                  random: random.fork('client certificate'),
                  store: stores.client,
                  signer: 'client',
                  template: () => clientTemplate(config.nodeName),
                }),
              },
            ]
          : []),
        ...(configuration.serverTLSBootstrap
          ? [
              {
                name: 'serving' as const,
                changed: tellServing,
                manager: createCertificateManager({
                  ...basis,
                  random: random.fork('serving certificate'),
                  store: stores.serving,
                  signer: 'serving',
                  template: () => names,
                }),
              },
            ]
          : []),
      ]
      observeCertificates(metrics.registry, clock, Object.fromEntries(managers.map(({ name, manager }) => [name, manager])))
      for (const { manager, changed } of managers) {
        manager.onChange(changed)
        manager.start()
        ends.push(() => manager.stop())
      }
      if (isJoined(config)) return
      // The server process renews its pairs, too: what it wrote is taken up without a restart.
      ends.push(
        watched(folder, clock, () => {
          reconnect()
          tellServing()
          for (const { manager } of managers) manager.changed()
        }),
      )
    },
    onServingChange(listener) {
      listeners.add(listener)
      return () => listeners.delete(listener)
    },
    async stop() {
      await Promise.all(ends.map((end) => end()))
    },
  }
}
