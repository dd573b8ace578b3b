import { Namespace } from '#api/core/v1/namespace.ts'
import { Pod } from '#api/core/v1/pod.ts'
import { isPodTerminal, isSidecar } from '#api/core/v1/pod-helpers.ts'
import { Service } from '#api/core/v1/service.ts'
import { type Connection, type ConnectionEnd, explainConnection, type PolicyView } from '#api/networking/v1/explain-connection.ts'
import { NetworkPolicy } from '#api/networking/v1/network-policy.ts'
import type { Client } from '#client/client.ts'
import { listAll } from '#client/http.ts'
import { isError, WherryError } from '#lib/errors.ts'
import { formatIp, parseIp } from '#schema/ip.ts'
import { describeIsolation, describeVerdict } from './describe-policy.ts'

/** What `wherry network policy` is asked, in the user's words. */
export interface PolicyQuestion {
  /** `pod/NAME` or `pod/NAMESPACE/NAME`. */
  readonly target: string
  /** Of pods named without one. */
  readonly namespace: string
  /** A pod as above, or an address; at most one of both. */
  readonly from?: string | undefined
  readonly to?: string | undefined
  readonly port?: string | undefined
  readonly protocol: string
}

/** The answer in words, and whether the connection may be made; without a connection in question it may. */
export interface PolicyAnswer {
  readonly text: string
  readonly isAllowed: boolean
}

/**
 * Which policies isolate a pod and, where the other end and a port are named, which of them let a connection through or refuse it: from the API's
 * objects alone. Throws `BadRequest` for a question that says too little, `NotFound` for a pod that is not there.
 */
export async function answerPolicy(client: Client, question: PolicyQuestion): Promise<PolicyAnswer> {
  const { from, to, namespace } = question
  if (from !== undefined && to !== undefined) throw bad('--from and --to cannot both be asked about: the pod named first is the other end')
  const other = from ?? to
  if (other !== undefined && question.port === undefined)
    throw bad(`--port NUMBER is missing: which port of ${to === undefined ? 'the pod' : 'the other end'}?`)
  if (other === undefined && question.port !== undefined) throw bad('--from or --to is missing: whose connection is it?')

  const [policies, namespaces] = await Promise.all([listAll(client, NetworkPolicy), listAll(client, Namespace)])
  const view: PolicyView = { policies: policies.items, namespaces: namespaces.items }
  const pod = await findPod(client, question.target, namespace)
  if (other === undefined) return { text: describeIsolation(view, pod), isAllowed: true }

  const here: ConnectionEnd = { pod, address: addressOf(pod) }
  const there = await findEnd(client, other, namespace, here.address)
  const [sender, receiver] = to === undefined ? [there, here] : [here, there]
  const protocol = protocolOf(question.protocol)
  const connection: Connection = {
    from: sender,
    to: sameFamily(receiver, sender),
    protocol,
    port: portOf(question.port!, receiver, protocol),
  }
  const verdict = explainConnection(view, connection)
  return { text: describeVerdict(connection, verdict), isAllowed: verdict.isAllowed }
}

const bad = (message: string): WherryError => new WherryError('BadRequest', message)

async function findPod(client: Client, text: string, namespace: string): Promise<Pod> {
  const [kind, ...words] = text.split('/')
  const [name, within = namespace] = words.toReversed()
  if ((kind !== 'pod' && kind !== 'pods' && kind !== 'po') || !name || words.length > 2)
    throw bad(`a pod is named pod/NAME or pod/NAMESPACE/NAME, not "${text}"`)
  return client.get(Pod, name, within)
}

/** A pod, or an address: of a pod where one has it, else of the world outside. */
async function findEnd(client: Client, text: string, namespace: string, beside: string): Promise<ConnectionEnd> {
  const bytes = parseIp(text)
  if (bytes === undefined) {
    const pod = await findPod(client, text, namespace)
    const address = (pod.status.podIPs ?? []).map(({ ip }) => ip ?? '').find((one) => one.includes(':') === beside.includes(':'))
    return { pod, address: address ?? addressOf(pod) }
  }
  const address = formatIp(bytes)
  const pods = await listAll(client, Pod)
  // Of one that has ended another may have the address by now.
  const owner = pods.items.find(
    ({ spec, status }) => !spec.hostNetwork && !isPodTerminal({ status }) && (status.podIPs ?? []).some(({ ip }) => ip === address),
  )
  const pod = owner ?? (await behindService(client, address))
  return { address, ...(pod !== undefined && { pod }) }
}

/**
 * Each node answers for the cluster's name server itself; to policies it is a pod like those that answer elsewhere. Other Services are pods by the time
 * that policies are asked.
 */
async function behindService(client: Client, address: string): Promise<Pod | undefined> {
  const { items } = await listAll(client, Service).catch((error: unknown) => {
    if (!isError(error, 'Forbidden')) throw error
    return { items: [] }
  })
  const service = items.find(({ spec }) => (spec.clusterIPs ?? []).includes(address))
  if (service === undefined) return undefined
  const { metadata, spec } = service
  if (metadata.name !== 'kube-dns' || metadata.namespace !== 'kube-system')
    throw bad(
      `${address} is the address of Service ${metadata.namespace}/${metadata.name}; policies see the pods behind it, and their ports: name one of them`,
    )
  const ports = (spec.ports ?? []).map(({ name, port, protocol }) => ({ name, containerPort: port, protocol }))
  return {
    metadata: { ...metadata, name: 'name server', labels: { 'k8s-app': 'kube-dns' } },
    spec: { containers: [{ name: 'dns', ports }] },
    status: { phase: 'Running', podIPs: [{ ip: address }] },
  } as unknown as Pod
}

function addressOf({ metadata, status }: Pod): string {
  const address = status.podIPs?.[0]?.ip ?? status.podIP
  if (!address) throw bad(`the pod ${metadata.name} has no address yet, so nothing can be sent to it or by it`)
  return address
}

/** The receiver's address that the sender would use. */
function sameFamily(end: ConnectionEnd, { address }: ConnectionEnd): ConnectionEnd {
  const fitting = (end.pod?.status.podIPs ?? [])
    .map(({ ip }) => ip ?? '')
    .find((ip) => ip !== '' && ip.includes(':') === address.includes(':'))
  return fitting === undefined ? end : { ...end, address: fitting }
}

function protocolOf(text: string): Connection['protocol'] {
  const protocol = text.toUpperCase()
  if (protocol !== 'TCP' && protocol !== 'UDP' && protocol !== 'SCTP') throw bad(`--protocol must be TCP, UDP or SCTP, not "${text}"`)
  return protocol
}

function portOf(text: string, { pod }: ConnectionEnd, protocol: string): number {
  if (/^\d{1,5}$/.test(text) && Number(text) >= 1 && Number(text) <= 65_535) return Number(text)
  const named = [...(pod?.spec.containers ?? []), ...(pod?.spec.initContainers ?? []).filter(isSidecar)]
    .flatMap(({ ports = [] }) => ports)
    .find((port) => port.name === text && (port.protocol ?? 'TCP') === protocol)
  if (named === undefined)
    throw bad(`--port must be a number from 1 to 65535, or the name of a ${protocol} port of the receiving pod, not "${text}"`)
  return named.containerPort
}
