import { readFileSync, statSync } from 'node:fs'
import { isIPv6 } from 'node:net'
import { hostname } from 'node:os'
import { featuresOf, isSwitches } from '#api/features.ts'
import { servedKinds } from '#api/served-kinds.ts'
import { confidentialKeys, encryptedStore } from '#apiserver/encryption/encrypted-store.ts'
import { parseKeyFile } from '#apiserver/encryption/key-file.ts'
import { createSealer } from '#apiserver/encryption/sealer.ts'
import { listen } from '#apiserver/listen.ts'
import { systemClock } from '#host/clock.ts'
import { clusterFactsData } from '#host/cluster-facts.ts'
import { type Config, nodeAddresses, pkiSubjects, podRanges, readConfig, serviceAddress, serviceRanges } from '#host/config.ts'
import { createDialer } from '#host/dialer.ts'
import { openGrpc } from '#host/grpc.ts'
import { createHttpsStream } from '#host/https-stream.ts'
import type { Paths } from '#host/layout.ts'
import { certificateTools } from '#host/node-certificates.ts'
import { createHttpsExchange } from '#host/outbound.ts'
import { ensurePki, type Pki } from '#host/pki.ts'
import { withPresentAddresses } from '#host/present-addresses.ts'
import { systemRandom } from '#host/random.ts'
import { serverIdentity } from '#host/server-identity.ts'
import { watchedFile } from '#host/watched-file.ts'
import { durationMs } from '#lib/duration.ts'
import { WherryError } from '#lib/errors.ts'
import type { Log } from '#lib/log.ts'
import { openSqliteStore } from '#store/sqlite.ts'
import { type ControlPlaneOptions, startControlPlane } from './control-plane.ts'
import { processLog, untilTold } from './process.ts'
import { readServerFiles } from './server-files.ts'

/** Runs this machine's server, as its configuration says, until it is told to stop. */
export async function runServer(where: Paths): Promise<void> {
  // Before all else: what is wrong with the settings is told there too.
  const log = processLog('server')
  const written = readConfig(where.config)
  const config = written && withPresentAddresses(written)
  if (!config) throw new WherryError('ServiceUnavailable', `${where.config} is missing; "wherry up" writes it`)
  await serve({
    // A cluster has a router, so it has what the router is told by; a server that stands alone has it when it is asked for.
    config: { ...config, gatewayAPI: config.gatewayAPI ?? true },
    pki: where.pki,
    store: where.store,
    identity: where.serverIdentity,
    port: config.apiPort,
    dnsAddress: config.dnsAddress,
    flags: flagsOf(config),
    log,
    configFile: where.config,
  })
}

/** Settings in the form in which `/flagz` shows them. */
export const flagsOf = (settings: object): Readonly<Record<string, string>> =>
  Object.fromEntries(
    Object.entries(settings).map(([name, value]) => [name.replace(/[A-Z]+/g, (letters) => `-${letters.toLowerCase()}`), textOf(value)]),
  )

/** Switches as the reference's flags have them. */
const textOf = (value: unknown): string =>
  isSwitches(value)
    ? Object.entries(value)
        .map(([name, isOn]) => `${name}=${isOn}`)
        .join()
    : String(value)

/** What one server process is told, its files and folders by their whole paths. */
export interface ServeOptions extends Pick<ControlPlaneOptions, 'components' | 'staticTokens' | 'dnsAddress'> {
  /** What the server itself is told stands in it as well. */
  readonly config: Config
  /** Folder of certificates and keys; made where it is missing. */
  readonly pki: string
  /** File of the embedded store. */
  readonly store: string
  /** File that keeps who this server is among several. */
  readonly identity: string
  /** Address to bind; absent: all of the machine's. */
  readonly host?: string | undefined
  /** 0: any free one. */
  readonly port: number
  /** What `/flagz` shows. */
  readonly flags?: Readonly<Record<string, string>> | undefined
  /** Absent: the process's own. */
  readonly log?: Log | undefined
  /** The file that `config` came from: then other machines may join, and names that are added to it are taken up at once. Absent: there is none. */
  readonly configFile?: string | undefined
  /** Runs before the port opens. */
  readonly onReady?: (pki: Pki) => Promise<void>
}

/** Serves in the foreground until the process is told to stop. */
export async function serve(options: ServeOptions): Promise<void> {
  const { config, log = processLog('server') } = options
  const files = readServerFiles(config)
  let wanted = { directory: options.pki, ...pkiSubjects(config) }
  let pki = await ensurePki(wanted)
  const raw = await openSqliteStore({
    path: options.store,
    onDeath(error) {
      log.error('the store is gone; the next server opens it anew', { error })
      process.exit(1)
    },
  })
  const store = encryptedStore(
    raw,
    confidentialKeys(servedKinds(featuresOf(config.featureGates), config.runtimeConfig)),
    createSealer(parseKeyFile(pki.encryption.text)),
  )
  const [first, last] = config.nodePortRange.split('-').map(Number) as [number, number]
  const { components, staticTokens, dnsAddress } = options
  const plane = await startControlPlane({
    store,
    // What was written last stands beside the file until it is taken over.
    storageSizeBytes: () => sizeOf(options.store) + sizeOf(`${options.store}-wal`),
    ...files,
    ...(config.nodeMonitorGracePeriod !== undefined && { nodeMonitorGraceMs: durationMs(config.nodeMonitorGracePeriod) }),
    featureGates: config.featureGates,
    localVolumes: config.localVolumes,
    gatewayApi: config.gatewayAPI,
    runtimeConfig: config.runtimeConfig,
    flags: options.flags,
    clock: systemClock,
    random: systemRandom,
    log,
    // Asked for here, where the store is ours alone.
    identity: await serverIdentity(options.identity),
    hostname: hostname(),
    advertise: { address: nodeAddresses(config)[0]!, port: config.apiPort },
    discoveryAddress:
      options.host === undefined ? undefined : `${isIPv6(options.host) ? `[${options.host}]` : options.host}:${options.port}`,
    podCIDR: config.podCIDR,
    serviceCIDRs: serviceRanges(config),
    serviceAddress: serviceAddress(config),
    nodePorts: [first, last],
    rootCa: pki.clusterCa.certificate,
    frontProxyCa: pki.frontProxyCa.certificate,
    signingAuthority: { certificate: pki.clusterCa.certificate, key: readFileSync(pki.clusterCa.keyPath, 'utf8') },
    ...(options.configFile !== undefined && {
      joining: { server: urlOf(nodeAddresses(config)[0]!, config.apiPort), facts: clusterFactsData(config) },
      ...(config.approveKubeletServing !== false && {
        servingApproval: {
          serverNames: () => namesIn(pki.server.certificate),
          ranges: [...serviceRanges(config), ...podRanges(config)],
          clusterDomain: config.clusterDomain,
        },
      }),
    }),
    serviceAccounts: pki.serviceAccounts,
    dial: createDialer({ ca: pki.clusterCa.certificate, identity: () => pki.kubeletClient }),
    exchange: createHttpsExchange(),
    grpc: openGrpc,
    aggregation: { stream: createHttpsStream(), identity: () => pki.frontProxyClient },
    anonymous: config.anonymous,
    components,
    staticTokens,
    dnsAddress,
  })
  await options.onReady?.(pki)
  const listener = await listen({
    handler: plane.handler,
    host: options.host,
    port: options.port,
    ...shown(pki),
    clientCa: `${pki.clusterCa.certificate}\n${pki.frontProxyCa.certificate}`,
    clock: systemClock,
    log,
  })
  log.info('serving', { port: listener.port })

  // Certificates are renewed while they still serve, and taken up without a restart; names that the configuration adds as well.
  let forgetRenewal = (): void => {}
  const renew = async (): Promise<void> => {
    forgetRenewal()
    try {
      pki = await ensurePki(wanted)
      listener.setCertificate(shown(pki))
      if (pki.made.length > 0) log.info('renewed certificates', { made: pki.made })
      renewAt(pki.renewAt)
    } catch (error) {
      log.error('certificates could not be renewed; trying again in an hour', { error })
      renewAt(systemClock.now() + 3_600_000)
    }
  }
  // One after another: two at once would each make a certificate, and the file would keep the key of either.
  let renewing = Promise.resolve()
  const renewNext = (): void => {
    renewing = renewing.then(renew)
  }
  function renewAt(at: number): void {
    forgetRenewal()
    forgetRenewal = systemClock.schedule(at, renewNext)
  }
  renewAt(pki.renewAt)
  const unwatch = followNames(options, log, (next) => {
    wanted = { directory: options.pki, ...pkiSubjects({ ...config, serverNames: next }) }
    renewNext()
  })

  log.info('stopping', { signal: await untilTold() })
  plane.beginStop()
  unwatch()
  await renewing
  forgetRenewal()
  await listener.close()
  await plane.stop()
  await raw.close()
}

/** The authority stands behind the server's own certificate, though clients have it: who joins knows only its hash, and finds it here. */
const shown = ({ server, clusterCa }: Pki) => ({
  certificate: `${server.certificate.trimEnd()}\n${clusterCa.certificate}`,
  key: server.key,
})

const urlOf = (address: string, port: number): string => `https://${isIPv6(address) ? `[${address}]` : address}:${port}`

/** Whom a certificate names. */
function namesIn(certificate: string): readonly string[] {
  const { dnsNames, addresses } = certificateTools.facts(certificate)
  return [...dnsNames, ...addresses]
}

/** Calls with the names that the file gives the server from now on; its other settings wait for the next start. */
function followNames({ configFile, config }: ServeOptions, log: Log, changed: (names: readonly string[]) => void): () => void {
  if (configFile === undefined) return () => {}
  let known = config.serverNames ?? []
  return watchedFile(configFile).watch(
    () => {
      try {
        const next = readConfig(configFile)?.serverNames ?? []
        if (next.join() === known.join()) return
        known = next
        changed(next)
      } catch (error) {
        log.warn('the configuration file has changed and cannot be read; the server goes on as it was', { error })
      }
    },
    (error) => log.warn('the configuration file cannot be looked at', { error }),
  )
}

const sizeOf = (path: string): number => statSync(path, { throwIfNoEntry: false })?.size ?? 0
