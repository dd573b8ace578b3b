import { join } from 'node:path'
import type { Config } from '#host/config.ts'
import type { Paths } from '#host/layout.ts'
import { certificateFile, certificateTools } from '#host/node-certificates.ts'
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
  /** Asks for new ones in time from now on, as the configuration says. `reconnect` is called after each change of the client's. */
  keepFresh(context: AgentContext, reconnect: () => void): void
  /** Called when the serving certificate may be another. */
  onServingChange(listener: () => void): () => void
  stop(): Promise<void>
}

/** The pairs that the server process made, and renews, stand in the folder of keys; those that the agent asked for itself with the kubelet's files. */
export function openNodeCertificates(config: Config, where: Paths, clock: Clock): NodeCertificates {
  const folder = join('nodes', config.nodeName)
  const stores = { client: open('kubelet-client'), serving: open('kubelet-serving') }
  const listeners = new Set<() => void>()
  const ends: (() => Promise<void> | void)[] = []

  function open(name: string): CertificateStore {
    return certificateFile({
      path: join(where.kubelet, 'pki', `${name}-current.pem`),
      initial: { certificatePath: join(where.pki, folder, `${name}.crt`), keyPath: join(where.pki, folder, `${name}.key`) },
      authority: () => pem(where, 'ca.crt'),
      clock,
    })
  }
  // One that has ended still says best what is wrong: whoever sees it names it.
  const use = (name: keyof typeof stores): KeyPair =>
    stores[name].read() ?? {
      certificate: pem(where, join(folder, `kubelet-${name}.crt`)),
      key: pem(where, join(folder, `kubelet-${name}.key`)),
    }
  const servingChanged = () => {
    for (const listener of listeners) listener()
  }

  return {
    client: () => use('client'),
    serving: () => use('serving'),
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
        { type: 'InternalIP', address: config.nodeAddress },
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
      // The server process renews its pairs, too: what it wrote is taken up without a restart.
      ends.push(
        watched(join(where.pki, folder), clock, () => {
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
