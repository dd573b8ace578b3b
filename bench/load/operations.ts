import { configMap, lease, pod, podStatus, resourceVersionOf } from './bodies.ts'
import type { Connections, Sent } from './connections.ts'
import type { Operation } from './load.ts'

/** One request of one client; `n` is unique within the run. Throws when the server refuses. */
export type Run = (client: number, n: number) => Promise<void>

/** Prepares what an operation needs and answers how to do it once. */
export async function prepare(operation: Operation, connections: Connections, namespace: string, clients: number): Promise<Run> {
  const ask = async (method: string, path: string, sent?: Sent): Promise<Buffer> => {
    const answer = await connections.send(method, path, sent)
    if (answer.status >= 300) throw new Error(`${method} ${path}: ${answer.status} ${answer.body.toString().slice(0, 300)}`)
    return answer.body
  }
  // Names of one run must not meet those of the run before.
  const run = process.hrtime.bigint().toString(36)
  const core = `/api/v1/namespaces/${namespace}`
  const leases = `/apis/coordination.k8s.io/v1/namespaces/${namespace}/leases`
  const makePods = (letter: string, count: number): Promise<readonly string[]> =>
    Promise.all(
      Array.from({ length: count }, async (_, i) => {
        const name = `${letter}-${run}-${i}`
        await ask('POST', `${core}/pods`, { body: pod(name) })
        return name
      }),
    )
  switch (operation) {
    case 'create-configmap':
      return async (_client, n) => void (await ask('POST', `${core}/configmaps`, { body: configMap(`c-${run}-${n}`) }))
    case 'apply-configmap':
      // The same object again and again, each time with another value.
      return async (client, n) => {
        const name = `a-${run}-${client}`
        const body = configMap(name).replace('xxxxxxxx', String(n).padStart(8, '0'))
        const path = `${core}/configmaps/${name}?fieldManager=bench&force=true`
        await ask('PATCH', path, { body, contentType: 'application/apply-patch+yaml' })
      }
    case 'create-pod':
      return async (_client, n) =>
        void (await ask('POST', `${core}/pods`, { body: pod(`p-${run}-${n}`, { labels: { hundredth: String(n % 100) } }) }))
    case 'patch-pod-status': {
      const names = await makePods('s', clients)
      const contentType = 'application/strategic-merge-patch+json'
      return async (client, n) => void (await ask('PATCH', `${core}/pods/${names[client]}/status`, { body: podStatus(n), contentType }))
    }
    case 'get-pod': {
      const names = await makePods('g', podsRead)
      return async (_client, n) => void (await ask('GET', `${core}/pods/${names[n % podsRead]}`))
    }
    case 'update-lease': {
      const made = await Promise.all(
        Array.from({ length: clients }, (_, i) =>
          ask('POST', leases, { body: JSON.stringify({ metadata: { name: `l-${run}-${i}` }, spec: {} }) }),
        ),
      )
      const versions = made.map(resourceVersionOf)
      return async (client, n) => {
        const name = `l-${run}-${client}`
        versions[client] = resourceVersionOf(await ask('PUT', `${leases}/${name}`, { body: lease(name, versions[client]!, n) }))
      }
    }
  }
}

const podsRead = 200
