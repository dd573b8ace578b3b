import { setTimeout as delay } from 'node:timers/promises'
import { type Answer, openConnections } from '../load/connections.ts'
import type { Server } from '../support/server.ts'
import { type Bindings, watchBindings } from './bindings.ts'
import { zones } from './cases.ts'

/** A cluster of nodes that nobody runs, and what the cases of a measurement do in it. Paths are the API's. */
export interface Stage {
  readonly server: Server
  readonly nodes: number
  readonly nameOfNode: (index: number) => string
  /** Of the namespace of the case: `/api/v1/namespaces/x`. */
  readonly own: string
  /** Creates an object. Throws where it is refused. */
  make(path: string, object: object): Promise<void>
  drop(path: string): Promise<void>
  makeNode(name: string): Promise<void>
  /** Makes a namespace of the case, and gives its path. */
  namespace(name: string): Promise<string>
  /** Many at a time. */
  sideBySide(count: number, work: (n: number) => Promise<unknown>): Promise<void>
  /** Tells of each pod of the case's namespace once it has a node. */
  bindings(): Promise<Bindings>
}

/** A cluster of `nodes` nodes over many cases, each of which begins with no pod in it. */
export interface Cluster {
  /** Runs `use`, and removes what it made. */
  run<T>(name: string, use: (stage: Stage) => Promise<T>): Promise<T>
  close(): void
}

/** Resolves when pods can be placed on all nodes. */
export async function openCluster(server: Server, nodes: number): Promise<Cluster> {
  const connections = await openConnections(server.target, 8)
  const ask = async (method: string, path: string, body?: object, contentType?: string): Promise<Answer> => {
    const sent = { ...(body !== undefined && { body: JSON.stringify(body) }), ...(contentType !== undefined && { contentType }) }
    const answer = await connections.send(method, path, sent)
    if (answer.status >= 300) throw new Error(`${method} ${path}: ${answer.status} ${answer.body.toString().slice(0, 300)}`)
    return answer
  }
  const make = async (path: string, object: object): Promise<void> => void (await ask('POST', path, object))
  const drop = async (path: string): Promise<void> => void (await ask('DELETE', `${path}?gracePeriodSeconds=0`))
  const nameOfNode = (index: number): string => `node-${index}`
  const makeNode = async (name: string): Promise<void> => {
    await make('/api/v1/nodes', nodeBody(name))
    // Admission gives every new node a taint that a controller takes away again, and there is none.
    await ask('PATCH', `/api/v1/nodes/${name}`, { spec: { taints: null } }, 'application/merge-patch+json')
  }
  await sideBySide(nodes, (n) => makeNode(nameOfNode(n)))

  const isEmpty = async (path: string): Promise<boolean> => {
    const { body } = await ask('GET', `${path}?limit=1`)
    return ((JSON.parse(body.toString()) as { items: unknown[] | null }).items ?? []).length === 0
  }
  const untilEmpty = async (path: string): Promise<void> => {
    for (const until = performance.now() + emptyMs; !(await isEmpty(path)); await delay(50)) {
      if (performance.now() > until) throw new Error(`${path} was not empty ${emptyMs / 1000} s after everything in it had been deleted`)
      if (!path.endsWith('/resourceclaims')) continue
      // What protects a claim that is in use is another controller's to take away.
      const { body } = await ask('GET', path)
      const { items } = JSON.parse(body.toString()) as { items: { metadata: { name: string } }[] | null }
      const change = { metadata: { finalizers: null } }
      await sideBySide(items?.length ?? 0, (n) =>
        connections.send('PATCH', `${path}/${items![n]!.metadata.name}`, {
          body: JSON.stringify(change),
          contentType: 'application/merge-patch+json',
        }),
      )
    }
  }
  return {
    async run(name, use) {
      const made: string[] = []
      const namespace = async (part: string): Promise<string> => {
        const path = `/api/v1/namespaces/${name}-${part}`
        await make('/api/v1/namespaces', { metadata: { name: `${name}-${part}` } })
        // Another controller's work.
        await make(`${path}/serviceaccounts`, { metadata: { name: 'default' } })
        made.push(path)
        return path
      }
      const own = await namespace('pods')
      const bindings = () => watchBindings(connections.session(0), own)
      try {
        return await use({ server, nodes, nameOfNode, own, make, drop, makeNode, namespace, sideBySide, bindings })
      } finally {
        const collections = [...made.map((path) => `${path}/pods`), ...made.map(claimsOf), ...left]
        for (const path of collections) if (!(await isEmpty(path))) await ask('DELETE', `${path}?gracePeriodSeconds=0`)
        for (const path of collections) await untilEmpty(path)
        await connections.send('DELETE', '/apis/scheduling.k8s.io/v1/priorityclasses/bench-high')
      }
    },
    close: () => connections.close(),
  }
}

const claimsOf = (path: string): string => `${path.replace('/api/v1', '/apis/resource.k8s.io/v1')}/resourceclaims`

/** What cases make outside their namespaces. */
const left = ['/apis/resource.k8s.io/v1/resourceslices', '/apis/resource.k8s.io/v1/deviceclasses']

const emptyMs = 60_000

const clients = 64

async function sideBySide(count: number, work: (n: number) => Promise<unknown>): Promise<void> {
  let next = 0
  const one = async (): Promise<void> => {
    while (next < count) await work(next++)
  }
  await Promise.all(Array.from({ length: clients }, one))
}

let lastNode = 0

function nodeBody(name: string): object {
  const resources = { cpu: '16', memory: '64Gi', pods: '110', 'ephemeral-storage': '1Ti' }
  const conditions = ['Ready', 'MemoryPressure', 'DiskPressure', 'PIDPressure'].map((type) => ({
    type,
    status: type === 'Ready' ? 'True' : 'False',
    reason: 'Bench',
    message: '',
  }))
  const zone = `zone-${lastNode++ % zones}`
  return {
    metadata: { name, labels: { 'kubernetes.io/hostname': name, 'kubernetes.io/os': 'linux', 'topology.kubernetes.io/zone': zone } },
    status: { capacity: resources, allocatable: resources, conditions, addresses: [{ type: 'InternalIP', address: '192.0.2.1' }] },
  }
}
