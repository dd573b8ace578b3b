import type { Figure, Row } from '../figure.ts'
import { drive } from '../load/drive.ts'
import { original } from '../original.ts'
import { memoryOf } from '../support/usage.ts'
import { withServer } from '../support/with-server.ts'

const pods = 10_000

/** The pods name a scheduler that does not exist, so that they stay pending: no node is needed, and nothing else happens meanwhile. */
export const list: Figure = {
  name: 'list',
  part: 'api',
  about: 'making 10,000 pods, holding them, and listing them',
  measure: ({ terminal }) =>
    withServer('bench-list', async (server, namespace) => {
      terminal(`  create ${pods} pods`)
      const made = await drive(server, { do: 'closed-loop', operation: 'create-pod', clients: 64, seconds: 0, count: pods, namespace })
      const memory = memoryOf(server.pid)
      const rows: Row[] = [
        {
          figure: 'create Pod, 64 clients',
          value: made.perSecond,
          unit: '/s',
          better: 'more',
          original: original.createPod[64],
          beside: { p50Ms: made.latencyMs.p50, p99Ms: made.latencyMs.p99, serverCpuMs: made.serverCpuMs, others: made.others },
        },
        {
          figure: 'server memory right after making 10,000 pods',
          value: memory.residentMb,
          unit: 'MB',
          better: 'less',
          original: original.residentWith10000PodsMb,
          beside: { anonymousMb: memory.anonymousMb },
        },
      ]
      for (const [form, accept, reference] of forms) {
        terminal(`  list, ${form}`)
        const path = `/api/v1/namespaces/${namespace}/pods`
        const driven = await drive(server, { do: 'read', path, accept, times: 10 })
        rows.push({
          figure: `LIST of 10,000 pods, ${form}`,
          value: driven.latencyMs.p50,
          unit: 'ms',
          better: 'less',
          original: reference,
          beside: { maxMs: driven.latencyMs.max, sizeMb: driven.bytes / 1e6, serverCpuMs: driven.serverCpuMs, others: driven.others },
        })
      }
      return rows
    }),
}

const forms: readonly (readonly [string, string, number])[] = [
  ['JSON', 'application/json', original.list10000JsonMs],
  ['Table', 'application/json;as=Table;v=v1;g=meta.k8s.io', original.list10000TableMs],
]
