import type { Connections } from './connections.ts'
import type { Operation } from './load.ts'

/** One request of one client; `n` is unique within the run. Throws when the server refuses. */
export type Run = (client: number, n: number) => Promise<void>

/** Prepares what an operation needs and answers how to do it once. */
export async function prepare(operation: Operation, connections: Connections, namespace: string, clients: number): Promise<Run> {
  const ask = async (method: string, path: string, body?: string): Promise<Buffer> => {
    const answer = await connections.send(method, path, body)
    if (answer.status >= 300) throw new Error(`${method} ${path}: ${answer.status} ${answer.body.toString().slice(0, 300)}`)
    return answer.body
  }
  // Names of one run must not meet those of the run before.
  const run = process.hrtime.bigint().toString(36)
  const core = `/api/v1/namespaces/${namespace}`
  const leases = `/apis/coordination.k8s.io/v1/namespaces/${namespace}/leases`
  switch (operation) {
    case 'create-configmap':
      return async (_client, n) => void (await ask('POST', `${core}/configmaps`, configMap(`c-${run}-${n}`)))
    case 'create-pod':
      return async (_client, n) => void (await ask('POST', `${core}/pods`, pod(`p-${run}-${n}`)))
    case 'get-pod': {
      const names = Array.from({ length: podsRead }, (_, i) => `g-${run}-${i}`)
      await Promise.all(names.map((name) => ask('POST', `${core}/pods`, pod(name))))
      return async (_client, n) => void (await ask('GET', `${core}/pods/${names[n % podsRead]}`))
    }
    case 'update-lease': {
      const present = await Promise.all(
        Array.from({ length: clients }, (_, i) => ask('POST', leases, JSON.stringify({ metadata: { name: `l-${run}-${i}` }, spec: {} }))),
      )
      const versions = present.map(resourceVersionOf)
      return async (client, n) => {
        const name = `l-${run}-${client}`
        const spec = { holderIdentity: `holder-${n}`, leaseDurationSeconds: 40, renewTime: '2026-01-01T00:00:00.000000Z' }
        const body = JSON.stringify({ metadata: { name, resourceVersion: versions[client] }, spec })
        versions[client] = resourceVersionOf(await ask('PUT', `${leases}/${name}`, body))
      }
    }
  }
}

const podsRead = 200

/** Without parsing the whole: the driver's own work is not what is measured. */
const resourceVersionOf = (body: Buffer): string => /"resourceVersion":"(\d+)"/.exec(body.toString('latin1'))![1]!

/** 1 kB on the wire. */
const configMap = (name: string): string => {
  const data = 'x'.repeat(1024 - 75 - name.length)
  return `{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"${name}"},"data":{"payload":"${data}"}}`
}

/** 1 kB, for a scheduler that does not exist: it stays as it is, and no node takes it. */
export const pod = (name: string): string => {
  const body = JSON.stringify({
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name, labels: { app: 'bench', tier: 'load' } },
    spec: {
      schedulerName: 'nobody',
      containers: [
        {
          name: 'main',
          image: 'registry.test/bench/main:1.0',
          ports: [{ containerPort: 8080 }],
          env: [{ name: 'PADDING', value: '' }],
          resources: { requests: { cpu: '10m', memory: '16Mi' }, limits: { memory: '64Mi' } },
        },
      ],
    },
  })
  return body.replace('"value":""', `"value":"${'x'.repeat(Math.max(0, 1024 - body.length))}"`)
}
