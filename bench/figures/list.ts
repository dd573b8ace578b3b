import type { Figure, Row } from '../figure.ts'
import { drive } from '../load/drive.ts'
import { memoryOf } from '../support/usage.ts'
import { withServer } from '../support/with-server.ts'

const pods = 10_000

/** The pods name a scheduler that does not exist, so that they stay pending: no node is needed, and nothing else happens meanwhile. */
export const list: Figure = {
  name: 'list',
  part: 'api',
  about: 'making 10,000 pods, holding them, and listing them',
  measure: ({ terminal, start, seconds }) =>
    withServer(start, 'bench-list', async (server, namespace) => {
      terminal(`  create ${pods} pods`)
      const made = await drive(server, { do: 'closed-loop', operation: 'create-pod', clients: 64, seconds: 0, count: pods, namespace })
      const memory = memoryOf(...server.pids)
      const path = `/api/v1/namespaces/${namespace}/pods`
      const rows: Row[] = [
        {
          figure: `create Pod until there are ${pods}, 64 clients`,
          value: made.perSecond,
          unit: '/s',
          better: 'more',
          beside: { p50Ms: made.latencyMs.p50, p99Ms: made.latencyMs.p99, serverCpuMs: made.serverCpuMs, others: made.others },
        },
        {
          figure: 'memory right after making 10,000 pods',
          value: memory.residentMb,
          unit: 'MB',
          better: 'less',
          beside: { anonymousMb: memory.anonymousMb },
        },
      ]
      for (const [figure, query, accept, times] of forms) {
        terminal(`  ${figure}`)
        const driven = await drive(server, { do: 'read', path: path + query, accept, times })
        const { p50, max: maxMs } = driven.latencyMs
        const beside = { maxMs, sizeMb: driven.bytes / 1e6, serverCpuMs: driven.serverCpuMs, others: driven.others }
        rows.push({ figure, value: p50, unit: 'ms', better: 'less', beside })
      }
      for (const [form, accept] of blocking) {
        terminal(`  small reads while long lists run, ${form}`)
        const [small, long] = await Promise.all([
          drive(server, { do: 'closed-loop', operation: 'get-pod', clients: 1, seconds, namespace }),
          drive(server, { do: 'read', path, accept, times: Math.ceil(seconds * 2) }),
        ])
        rows.push({
          figure: `GET pod, 1 client, while another lists 10,000 pods, ${form}: p99`,
          value: small.latencyMs.p99,
          unit: 'ms',
          better: 'less',
          beside: { p50Ms: small.latencyMs.p50, maxMs: small.latencyMs.max, listP50Ms: long.latencyMs.p50 },
        })
      }
      const after = memoryOf(...server.pids)
      rows.push({
        figure: 'memory after the lists of 10,000 pods',
        value: after.residentMb,
        unit: 'MB',
        better: 'less',
        beside: { anonymousMb: after.anonymousMb },
      })
      return rows
    }),
}

const table = 'application/json;as=Table;v=v1;g=meta.k8s.io'
const protobuf = 'application/vnd.kubernetes.protobuf'

const blocking: readonly (readonly [form: string, accept: string])[] = [
  ['JSON', 'application/json'],
  ['protobuf', protobuf],
  ['Table', table],
]

const forms: readonly (readonly [figure: string, query: string, accept: string, times: number])[] = [
  ['LIST of 10,000 pods, JSON', '', 'application/json', 10],
  ['LIST of 10,000 pods, protobuf', '', protobuf, 10],
  ['LIST of 10,000 pods, Table', '', table, 10],
  ['LIST of 1,000 of 10,000 pods, JSON', '?limit=1000', 'application/json', 20],
  ['LIST of 1,000 of 10,000 pods, protobuf', '?limit=1000', protobuf, 20],
  ['LIST by label, 1 % of 10,000 pods', '?labelSelector=hundredth%3D7', 'application/json', 40],
]
