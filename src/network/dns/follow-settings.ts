import type { ConfigMap } from '#api/core/v1/config-map.ts'
import type { Informer } from '#client/informer.ts'
import type { Log } from '#lib/log.ts'
import type { EventRecorder } from '#loop/events.ts'
import { formatIp, parseIp } from '#schema/ip.ts'
import { parseServer } from './server-address.ts'
import { type DnsSettings, noSettings, readSettings } from './settings.ts'

/** The name servers that the machine itself asks. */
export interface MachineNameServers {
  current(): readonly string[]
  /** Calls when they are others. Returns how to stop. */
  watch(changed: () => void): () => void
}

export interface FollowSettingsOptions {
  readonly cache: Informer<ConfigMap>
  readonly machine: MachineNameServers
  /** Where this name server listens: to ask itself would be for ever. */
  readonly ownAddresses: readonly string[]
  readonly clusterDomain: string
  readonly events: Pick<EventRecorder, 'record'>
  readonly log: Log
  /** Called with what is so from now on, and at once. */
  readonly use: (settings: DnsSettings) => void
}

/** Keeps the settings as the ConfigMap and the machine say. A wrong value is told of in the log and by an event, and leaves the former one in place. */
export function followSettings(options: FollowSettingsOptions): { readonly current: () => DnsSettings; readonly stop: () => void } {
  const { cache, machine, clusterDomain, events, log } = options
  const ownAddresses = new Set(options.ownAddresses.map(plain))
  let written = noSettings
  let current = noSettings
  let used = ''

  function settle(): void {
    const named = written.upstreamNameservers
    const next: DnsSettings = {
      ...written,
      upstreamNameservers: (named.length > 0 ? named : machine.current()).filter(isAnother),
      stubDomains: written.stubDomains.map(({ domain, servers }) => ({ domain, servers: servers.filter(isAnother) })),
    }
    // What was learned of the servers and their answers is not given up for nothing.
    const text = JSON.stringify([next, [...next.hosts.byName], [...next.hosts.byReverse]])
    if (text === used) return
    used = text
    current = next
    options.use(next)
  }

  const isAnother = (server: string): boolean => !ownAddresses.has(plain(parseServer(server)?.address ?? ''))

  function take(object: ConfigMap | undefined): void {
    const { settings, problems } = readSettings(object?.data ?? {}, written, clusterDomain)
    written = settings
    const named = [...settings.upstreamNameservers, ...settings.stubDomains.flatMap(({ servers }) => servers)]
    const ownProblems = [...new Set(named.filter((server) => !isAnother(server)))].map(
      (server) => `${server} is this name server itself, which cannot ask itself; it is left out`,
    )
    for (const message of [...problems, ...ownProblems]) {
      log.warn('a setting of the cluster DNS is wrong', { configMap: 'kube-system/kube-dns', problem: message })
      if (object !== undefined) events.record({ regarding: object, type: 'Warning', reason: 'InvalidDNSSetting', message })
    }
    settle()
  }

  settle()
  const stops = [cache.onChange((object, _previous, change) => take(change === 'deleted' ? undefined : object)), machine.watch(settle)]
  return {
    current: () => current,
    stop() {
      for (const stop of stops) stop()
    },
  }
}

function plain(address: string): string {
  const bytes = parseIp(address)
  return bytes === undefined ? address : formatIp(bytes)
}
