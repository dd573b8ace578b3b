import type { Pod } from '#api/core/v1/pod.ts'
import { durationMs } from '#lib/duration.ts'
import { isError, WherryError } from '#lib/errors.ts'
import type { HttpsExchange } from '#lib/https-exchange.ts'
import type { Extender as ExtenderSettings } from '../config/configuration.ts'
import type { Candidate, NodeRefusal } from '../framework/plugin.ts'
import type { NodeInfo } from '../world/node-info.ts'
import type { PodInfo } from '../world/pod-info.ts'

/** A server that has a say beside the plug-ins (kube-scheduler extender/v1). Errors are WherryErrors that name it. */
export interface Extender {
  readonly url: string
  /** Without an answer of it pods are placed all the same. */
  readonly isIgnorable: boolean
  readonly filters: boolean
  readonly scores: boolean
  readonly binds: boolean
  readonly preempts: boolean
  /** Whether it is to be asked about this pod. */
  isInterested(pod: Pod): boolean
  filter(pod: PodInfo, nodes: readonly NodeInfo[]): Promise<Filtered>
  /** By node, weighted, in the plug-ins' measure. */
  score(pod: PodInfo, nodes: readonly NodeInfo[]): Promise<ReadonlyMap<string, number>>
  bind(pod: Pod, nodeName: string): Promise<void>
  /** Candidates that it leaves, with the victims that it leaves. */
  preempt(pod: PodInfo, candidates: readonly Candidate[]): Promise<readonly Candidate[]>
}

/** What an extender left of the nodes. */
export interface Filtered {
  readonly nodes: readonly NodeInfo[]
  readonly refusals: ReadonlyMap<string, NodeRefusal>
}

/** How to reach extenders: sockets, and the files that their settings name. */
export interface ExtenderMeans {
  readonly exchange: HttpsExchange
  readonly readFile: (path: string) => string
}

/** kube-scheduler DefaultExtenderTimeout. */
const defaultTimeoutMs = 5_000
/** Five thousand nodes, whole, take some 20 MB. */
const answerMaxBytes = 64 * 2 ** 20
/** An extender's scores reach from 0 to 10, the plug-ins' to 100. */
const scale = 10

/** The extender that these settings describe. */
export function createExtender(settings: ExtenderSettings, { exchange, readFile }: ExtenderMeans): Extender {
  const {
    urlPrefix,
    filterVerb = '',
    prioritizeVerb = '',
    bindVerb = '',
    preemptVerb = '',
    weight = 1,
    nodeCacheCapable = false,
  } = settings
  const managed = new Set((settings.managedResources ?? []).map(({ name }) => name))
  const timeoutMs = settings.httpTimeout === undefined ? defaultTimeoutMs : durationMs(settings.httpTimeout) || defaultTimeoutMs
  const trust = trustOf(settings, readFile)

  async function send<T>(verb: string, question: unknown): Promise<T> {
    const url = `${urlPrefix.replace(/\/+$/, '')}/${verb}`
    try {
      const { status, body } = await exchange({
        url,
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: Buffer.from(JSON.stringify(question)),
        timeoutMs,
        bodyMaxBytes: answerMaxBytes,
        ...trust,
      })
      if (status !== 200) throw new WherryError('ServiceUnavailable', `failed ${verb} with extender at URL ${url}, code ${status}`)
      return JSON.parse(Buffer.from(body).toString()) as T
    } catch (error) {
      if (isError(error)) throw error
      throw new WherryError(
        'ServiceUnavailable',
        `failed ${verb} with extender at URL ${url}: ${error instanceof Error ? error.message : error}`,
        {
          cause: error,
        },
      )
    }
  }

  /** Names alone for one that keeps nodes itself, else the whole nodes. */
  const asked = (pod: PodInfo, nodes: readonly NodeInfo[]) => ({
    Pod: pod.pod,
    Nodes: nodeCacheCapable ? null : { kind: 'NodeList', apiVersion: 'v1', metadata: {}, items: nodes.map(({ node }) => node) },
    NodeNames: nodeCacheCapable ? nodes.map(({ name }) => name) : null,
  })

  return {
    url: urlPrefix,
    isIgnorable: settings.ignorable ?? false,
    filters: filterVerb !== '',
    scores: prioritizeVerb !== '',
    binds: bindVerb !== '',
    preempts: preemptVerb !== '',
    isInterested: ({ spec }) =>
      managed.size === 0 ||
      [...spec.containers, ...(spec.initContainers ?? [])].some(({ resources }) =>
        [...Object.keys(resources?.requests ?? {}), ...Object.keys(resources?.limits ?? {})].some((name) => managed.has(name)),
      ),
    async filter(pod, nodes) {
      if (filterVerb === '') return { nodes, refusals: new Map() }
      const answer = await send<FilterResult>(filterVerb, asked(pod, nodes))
      if (answer.Error) throw new WherryError('ServiceUnavailable', answer.Error)
      const byName = new Map(nodes.map((node) => [node.name, node]))
      const names =
        nodeCacheCapable && answer.NodeNames ? answer.NodeNames : (answer.Nodes?.items ?? []).map(({ metadata }) => metadata.name)
      const left = names.map((name) => {
        const node = byName.get(name)
        if (node === undefined)
          throw new WherryError(
            'Invalid',
            `extender "${urlPrefix}" claims a filtered node "${name}" which is not found in the input node list`,
          )
        return node
      })
      const refusals = new Map<string, NodeRefusal>()
      for (const [name, message] of Object.entries(answer.FailedNodes ?? {}))
        refusals.set(name, { plugin: 'Extender', reasons: [message], unresolvable: false })
      for (const [name, message] of Object.entries(answer.FailedAndUnresolvableNodes ?? {}))
        refusals.set(name, { plugin: 'Extender', reasons: [message], unresolvable: true })
      return { nodes: left, refusals }
    },
    async score(pod, nodes) {
      if (prioritizeVerb === '') return new Map()
      const answer = await send<readonly { readonly Host: string; readonly Score: number }[]>(prioritizeVerb, asked(pod, nodes))
      return new Map(answer.map(({ Host, Score }) => [Host, Score * weight * scale]))
    },
    async bind({ metadata: { name, namespace, uid } }, nodeName) {
      const question = { PodName: name, PodNamespace: namespace, PodUID: uid, Node: nodeName }
      const { Error: problem } = await send<{ readonly Error?: string }>(bindVerb, question)
      if (problem) throw new WherryError('ServiceUnavailable', problem)
    },
    async preempt(pod, candidates) {
      const victims = (one: (info: PodInfo) => unknown) =>
        Object.fromEntries(
          candidates.map(({ node, victims: { pods, violations } }) => [node, { Pods: pods.map(one), NumPDBViolations: violations }]),
        )
      const question = {
        Pod: pod.pod,
        NodeNameToVictims: nodeCacheCapable ? null : victims(({ pod }) => pod),
        NodeNameToMetaVictims: nodeCacheCapable ? victims(({ pod }) => ({ UID: pod.metadata.uid })) : null,
      }
      const { NodeNameToMetaVictims: left = {} } = await send<PreemptResult>(preemptVerb, question)
      return Object.entries(left ?? {}).map(([node, { Pods = [], NumPDBViolations = 0 }]) => {
        const known = candidates.find((candidate) => candidate.node === node)?.victims.pods ?? []
        const pods = (Pods ?? []).map(({ UID }) => {
          const info = known.find(({ pod }) => pod.metadata.uid === UID)
          if (info === undefined)
            throw new WherryError(
              'Invalid',
              `extender: ${urlPrefix} claims to preempt pod (UID: ${UID}) on node: ${node}, but the pod is not found on that node`,
            )
          return info
        })
        return { node, victims: { pods, violations: NumPDBViolations } }
      })
    },
  }
}

interface FilterResult {
  readonly Nodes?: { readonly items?: readonly { readonly metadata: { readonly name: string } }[] } | null
  readonly NodeNames?: readonly string[] | null
  readonly FailedNodes?: Readonly<Record<string, string>> | null
  readonly FailedAndUnresolvableNodes?: Readonly<Record<string, string>> | null
  readonly Error?: string
}

interface PreemptResult {
  readonly NodeNameToMetaVictims?: Readonly<
    Record<string, { readonly Pods?: readonly { readonly UID: string }[] | null; readonly NumPDBViolations?: number }>
  > | null
}

/** Without an authority of its own, HTTPS trusts whoever answers, as in the reference. */
function trustOf({ enableHTTPS = false, tlsConfig = {} }: ExtenderSettings, readFile: ExtenderMeans['readFile']) {
  const { insecure = false, serverName, caData, caFile, certData, certFile, keyData, keyFile } = tlsConfig
  const read = (data: string | undefined, file: string | undefined): string | undefined =>
    data ? Buffer.from(data, 'base64').toString() : file ? readFile(file) : undefined
  const [caBundle, certificate, key] = [read(caData, caFile), read(certData, certFile), read(keyData, keyFile)]
  return {
    ...(caBundle !== undefined && { caBundle }),
    ...(certificate !== undefined && { certificate }),
    ...(key !== undefined && { key }),
    ...(serverName && { serverName }),
    ...((insecure || (enableHTTPS && caBundle === undefined)) && { insecureSkipTlsVerify: true }),
  }
}
