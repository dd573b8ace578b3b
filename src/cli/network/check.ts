import { ConfigMap } from '#api/core/v1/config-map.ts'
import { Namespace } from '#api/core/v1/namespace.ts'
import { Node } from '#api/core/v1/node.ts'
import { Pod } from '#api/core/v1/pod.ts'
import { Service } from '#api/core/v1/service.ts'
import type { Client } from '#client/client.ts'
import { createInformer, type Informer } from '#client/informer.ts'
import type { Clock } from '#lib/clock.ts'
import { WherryError } from '#lib/errors.ts'
import { readBody, type Transport } from '#lib/http.ts'
import { silentLog } from '#lib/log.ts'
import type { Random } from '#lib/random.ts'
import {
  askerPod,
  type CheckPods,
  programConfigMap,
  servicePort,
  targetPod,
  targetPort,
  targetService,
  targetServiceObject,
} from './check-objects.ts'
import { type Checked, type Finding, judge, withAnswers } from './judge.ts'
import type { Answer } from './probe.ts'
import { type CheckedNode, type Question, type Target, wantedAsks } from './wanted-asks.ts'

export interface CheckOptions {
  readonly client: Client
  readonly transport: Transport
  readonly clock: Clock
  readonly random: Random
  /** With `/usr/bin/node`. */
  readonly image: string
  readonly clusterDomain: string
  readonly mode: string
  /** Only what this node asks, or is asked about. */
  readonly only?: string
  /** How long pods may take to start, and to ask. */
  readonly patienceMs: number
  /** Ends it before its time: what was made is removed, and the signal's reason thrown. */
  readonly signal?: AbortSignal
}

/** What was checked, and what is wrong. */
export interface NetworkReport {
  readonly ok: boolean
  readonly nodes: readonly string[]
  readonly checks: readonly Checked[]
  readonly findings: readonly Finding[]
}

/** Starts pods on every node, lets them and the nodes reach each other, and removes them again. Throws `NotFound` where `only` is no node. */
export async function checkNetwork(options: CheckOptions): Promise<NetworkReport> {
  const { client, clock, random, only, patienceMs, signal } = options
  const findings: Finding[] = []
  const nodes = readyNodes((await client.list(Node)).items, only, findings)
  const pods: CheckPods = { image: options.image, namespace: `wherry-network-check-${Math.floor(random.next() * 36 ** 5).toString(36)}` }
  const { namespace } = pods
  await client.create(Namespace, { metadata: { name: namespace } })
  const informer = createInformer(client, Pod, { clock, random, log: silentLog, namespace })
  // Whoever waits for pods is let go by that.
  const stop = (): void => void informer.close()
  signal?.addEventListener('abort', stop)
  try {
    signal?.throwIfAborted()
    await client.create(ConfigMap, programConfigMap(), { namespace })
    const service = await client.create(Service, targetServiceObject(), { namespace })
    await Promise.all(nodes.map(({ name }, index) => client.create(Pod, targetPod(pods, `target-${index}`, name), { namespace })))
    const isUp = (pod: Pod | undefined): boolean =>
      pod?.status?.conditions?.some(({ type, status }) => type === 'Ready' && status === 'True') === true
    await informer.until(() => nodes.every((_, index) => isUp(informer.get(`target-${index}`, namespace))), patienceMs)
    signal?.throwIfAborted()
    const targets = nodes.flatMap(({ name }, index): Target[] => {
      const pod = informer.get(`target-${index}`, namespace)
      if (isUp(pod)) return [{ node: name, addresses: (pod!.status.podIPs ?? []).map(({ ip }) => ip) }]
      findings.push(notStarted(pod, name))
      return []
    })

    const serviceAddresses = (service.spec.clusterIPs ?? []).filter((address) => address !== 'None')
    const plan = {
      nodes,
      targets,
      targetPort,
      service: { name: `${targetService}.${namespace}.svc.${options.clusterDomain}`, addresses: serviceAddresses, port: servicePort },
      ...(only !== undefined && { only }),
    }
    const askers = nodes.flatMap((node, index) => {
      const { pod, node: fromNode } = wantedAsks(plan, node)
      return [
        { name: `pod-${index}`, node, questions: pod, isOnNode: false },
        { name: `node-${index}`, node, questions: fromNode, isOnNode: true },
      ].filter(({ questions }) => questions.length > 0 && targets.some((target) => target.node === node.name))
    })
    await Promise.all(
      askers.map(({ name, node, questions, isOnNode }) =>
        client.create(Pod, askerPod(pods, name, node.name, questions, isOnNode), { namespace }),
      ),
    )
    const isOver = (name: string): boolean => ['Succeeded', 'Failed'].includes(informer.get(name, namespace)?.status?.phase ?? '')
    await informer.until(() => askers.every(({ name }) => isOver(name)), patienceMs)
    signal?.throwIfAborted()

    const checks: Checked[] = []
    for (const { name, node, questions } of askers) {
      const own = (informer.get(name, namespace)?.status?.podIPs ?? []).map(({ ip }) => ip)
      const answers = await answersOf(options, namespace, name, node, findings, informer)
      if (answers) checks.push(...withAnswers(node.name, questions as readonly Question[], answers, own, serviceAddresses))
    }
    findings.push(...judge(checks, options.mode))
    return { ok: findings.length === 0, nodes: nodes.map(({ name }) => name), checks, findings }
  } finally {
    signal?.removeEventListener('abort', stop)
    await informer.close()
    await client.delete(Namespace, namespace)
  }
}

/** A node that is not ready is a finding by itself: its pods would only be waited for. */
function readyNodes(all: readonly Node[], only: string | undefined, findings: Finding[]): CheckedNode[] {
  if (only !== undefined && !all.some(({ metadata }) => metadata.name === only))
    throw new WherryError('NotFound', `there is no node "${only}"; there are ${all.map(({ metadata }) => metadata.name).join(', ')}`)
  return all.flatMap(({ metadata: { name }, status }): CheckedNode[] => {
    const ready = status?.conditions?.find(({ type }) => type === 'Ready')
    if (ready?.status !== 'True') {
      if (only === undefined || only === name)
        findings.push({
          kind: 'check',
          what: `node ${name} is not ready, so nothing could be checked there: ${ready?.message ?? 'it says nothing'}`,
          advice: `is the machine on, and does its agent run? "wherry status" and "wherry logs agent" there`,
        })
      return []
    }
    const addresses = (status?.addresses ?? []).filter(({ type }) => type === 'InternalIP').map(({ address }) => address)
    return [{ name, addresses, kubeletPort: status?.daemonEndpoints?.kubeletEndpoint?.Port ?? 10250 }]
  })
}

function notStarted(pod: Pod | undefined, node: string): Finding {
  const waiting = pod?.status?.containerStatuses?.[0]?.state?.waiting
  const why = waiting
    ? `${waiting.reason}${waiting.message ? `: ${waiting.message}` : ''}`
    : (pod?.status?.message ?? 'nothing is known of it yet')
  const isImage = /Image|ErrImage/.test(waiting?.reason ?? '')
  return {
    kind: 'check',
    what: `no pod of the check started on node ${node}: ${why}`,
    advice: isImage
      ? `the image is not on node ${node}, and only nodes of this machine are given it: name one that all of them have or can pull, with /usr/bin/node in it, by --image`
      : `a pod that gets no address never starts: "wherry logs agent" on node ${node}, and "wherry kubectl get events -A"`,
  }
}

/** What the pod printed; undefined: it cannot be read, which is a finding. */
async function answersOf(
  { transport }: CheckOptions,
  namespace: string,
  name: string,
  node: CheckedNode,
  findings: Finding[],
  informer: Informer<Pod>,
): Promise<readonly Answer[] | undefined> {
  const response = await transport({
    method: 'GET',
    path: `/api/v1/namespaces/${namespace}/pods/${name}/log?limitBytes=${logLimitBytes}`,
    headers: {},
  })
  const text = Buffer.from(await readBody(response.body, logLimitBytes)).toString()
  if (response.status === 200) {
    if (informer.get(name, namespace)?.status?.phase === 'Pending') {
      findings.push(notStarted(informer.get(name, namespace), node.name))
      return undefined
    }
    return text.split('\n').flatMap((line): Answer[] => (line.startsWith('{') && line.endsWith('}') ? [JSON.parse(line) as Answer] : []))
  }
  findings.push({
    kind: 'check',
    what: `the server cannot ask the agent of node ${node.name} for the answers: ${messageOf(text)}`,
    advice: `the server has to reach TCP port ${node.kubeletPort} of ${node.addresses.join(' or ')}: a firewall, or a network that is cut`,
  })
  return undefined
}

/** Of what an asker prints, a line an answer. */
const logLimitBytes = 4 << 20

function messageOf(text: string): string {
  try {
    return (JSON.parse(text) as { message?: string }).message ?? text
  } catch {
    return text.slice(0, 200)
  }
}
