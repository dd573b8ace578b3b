import type { Row } from './figure.ts'
import { figureOf } from './figures/schedule.ts'
import { mixedSorts } from './load/load.ts'
import { cases } from './schedule/cases.ts'

/** What one measured number has to be. `ratio` is ours divided by the reference's, so that it needs one beside us; `value` is ours alone. */
export interface Aim {
  readonly name: string
  /** The row that it is about, and the name of the number in it where that is not its value: `serverCpuMs`. */
  readonly figure: string
  readonly beside?: string
  readonly of: 'ratio' | 'value'
  readonly least?: number
  readonly most?: number
}

/** An aim beside what was measured. */
export interface Judged extends Aim {
  readonly ours: number
  /** Absent where the reference gave no number. */
  readonly reference?: number
  readonly unit: string
  /** Undefined where a ratio lacks its reference. */
  readonly isMet: boolean | undefined
}

/** What this server wants to be beside the original on a machine with two processors. */
export const aims: readonly Aim[] = [
  { name: 'exec until ready, empty store', figure: 'ready, fresh store', of: 'ratio', most: 0.25 },
  { name: 'exec until the first Pod', figure: 'first Pod accepted, fresh store', of: 'ratio', most: 0.08 },
  { name: 'resident, idle', figure: 'control plane idle, resident', of: 'ratio', most: 0.4 },
  { name: 'resident, 10,000 pods', figure: 'memory right after making 10,000 pods', of: 'ratio', most: 0.35 },
  { name: 'resident, 10,000 pods, after lists', figure: 'memory after the lists of 10,000 pods', of: 'ratio', most: 0.35 },
  { name: 'processor, idle', figure: 'control plane idle, processor', of: 'ratio', most: 0.15 },
  { name: 'create ConfigMap, 1 client', figure: 'create ConfigMap, 1 client', of: 'ratio', least: 1.5 },
  { name: 'create ConfigMap, 64 clients', figure: 'create ConfigMap, 64 clients', of: 'ratio', least: 2 },
  { name: '  its processor time', figure: 'create ConfigMap, 64 clients', beside: 'serverCpuMs', of: 'ratio', most: 0.5 },
  { name: 'create Pod, 64 clients', figure: 'create Pod, 64 clients', of: 'ratio', least: 2 },
  { name: '  its processor time', figure: 'create Pod, 64 clients', beside: 'serverCpuMs', of: 'ratio', most: 0.5 },
  { name: 'patch Pod status, 64 clients', figure: 'patch Pod status, 64 clients', of: 'ratio', least: 1.5 },
  { name: 'server-side apply, 64 clients', figure: 'server-side apply of a ConfigMap, 64 clients', of: 'ratio', least: 1.2 },
  { name: 'update Lease, 64 clients', figure: 'update Lease, 64 clients', of: 'ratio', least: 3 },
  { name: '  its processor time', figure: 'update Lease, 64 clients', beside: 'serverCpuMs', of: 'ratio', most: 0.3 },
  { name: 'GET a Pod, 16 clients', figure: 'GET pod, 16 clients', of: 'ratio', least: 3 },
  { name: '  its processor time', figure: 'GET pod, 16 clients', beside: 'serverCpuMs', of: 'ratio', most: 0.3 },
  { name: 'LIST 10,000 Pods, JSON', figure: 'LIST of 10,000 pods, JSON', of: 'ratio', most: 0.2 },
  { name: 'LIST 10,000 Pods, protobuf', figure: 'LIST of 10,000 pods, protobuf', of: 'ratio', most: 0.8 },
  { name: 'LIST 10,000 Pods, Table', figure: 'LIST of 10,000 pods, Table', of: 'ratio', most: 0.8 },
  ...['JSON', 'protobuf', 'Table'].map(
    (form): Aim => ({
      name: `GET beside LISTs in ${form}, longest`,
      figure: `GET pod, 1 client, while another lists 10,000 pods, ${form}: p99`,
      beside: 'maxMs',
      of: 'value',
      most: 20,
    }),
  ),
  { name: 'LIST by label, 1 % of 10,000', figure: 'LIST by label, 1 % of 10,000 pods', of: 'ratio', most: 0.3 },
  ...watchAims('delivery to 1,000 watches, 200 writes/s: p99'),
  { name: 'mixed, 1,000 requests/s, held', figure: 'mixed load, 1,000 requests/s: rate held', of: 'value', least: 980 },
  { name: '  refused', figure: 'mixed load, 1,000 requests/s: rate held', beside: 'refused', of: 'value', most: 0 },
  ...mixedSorts.map(
    (sort): Aim => ({ name: `  ${sort}, p99`, figure: `mixed load, 1,000 requests/s: p99 of ${sort}`, of: 'value', most: 1_000 }),
  ),
  ...controllerAims('Deployment of 1,000: pods made', 0.5),
  ...controllerAims('owner of 1,000 pods deleted: pods gone', 0.5),
  ...controllerAims('500 Deployments of 2: pods made', 0.33),
  ...controllerAims('namespace of 2,000 objects: gone', 0.2),
  ...controllerAims('rolling update of 200: complete', 0.6),
  ...controllerAims('Job of 500, 50 at a time: complete', 0.3),
  ...controllerAims('pod ready until its slice says so, 1,000 services, one by one', 0.4),
  ...controllerAims('pod ready until its slice says so, 1,000 services, 900 at once', 0.4),
  ...cases.map(({ name, podsMax }): Aim => {
    const figure = figureOf(name, 5000, Math.min(5000, podsMax?.(5000) ?? 5000))
    return { name: figure, figure, of: 'ratio', least: name === 'plain' ? 3 : 5 }
  }),
  ...cases.map(({ name }): Aim => {
    const figure = `schedule ${name}: processor time per pod, 5,000 nodes ÷ 100`
    return { name: figure, figure, of: 'value', most: 1.5 }
  }),
  { name: 'pod created to Running, p50', figure: 'pod created to Running, p50', of: 'value', most: 300 },
  { name: '30 pods at once: all Running', figure: '30 pods at once: all Running', of: 'value', most: 3 },
  ...['no pod', '100 pods'].flatMap((load): readonly Aim[] => [
    { name: `agent, idle, ${load}: memory`, figure: `agent, idle, ${load}: memory`, of: 'value', most: 120 },
    { name: '  its processor time', figure: `agent, idle, ${load}: processor time`, of: 'value', most: 0.5 },
  ]),
]

/** Of a wish until it has come true: how long it takes, and what each thing costs. */
function controllerAims(figure: string, most: number): readonly Aim[] {
  return [
    { name: figure, figure, of: 'ratio', most },
    { name: '  its processor time', figure, beside: 'serverCpuMs', of: 'ratio', most: 0.5 },
  ]
}

function watchAims(figure: string): readonly Aim[] {
  return [
    { name: '1,000 watches × 200 writes/s, kept', figure, beside: 'keptWatches', of: 'value', least: 1_000 },
    { name: '  events lost', figure, beside: 'lost', of: 'value', most: 0 },
    { name: '  delay, p99', figure, of: 'value', most: 1_000 },
  ]
}

/** Of the aims those that were measured, in their order. Without a reference those alone that need none; with one, whatever it told of itself. */
export function judge(rows: readonly Row[], reference?: readonly Row[]): readonly Judged[] {
  return aims.flatMap((aim) => {
    const own = numberOf(aim, rows)
    if (own === undefined || (aim.of === 'ratio' && reference === undefined)) return []
    const other = numberOf(aim, reference ?? [])
    const judged = { ...aim, ours: own.value, unit: own.unit, ...(other !== undefined && { reference: other.value }) }
    if (aim.of === 'value') return [{ ...judged, isMet: isWithin(aim, own.value) }]
    return [{ ...judged, isMet: other === undefined ? undefined : isWithin(aim, own.value / other.value) }]
  })
}

const isWithin = ({ least = -Infinity, most = Infinity }: Aim, value: number): boolean => value >= least && value <= most

function numberOf({ figure, beside }: Aim, rows: readonly Row[]): { readonly value: number; readonly unit: string } | undefined {
  const row = rows.find((each) => each.figure === figure)
  if (row === undefined) return undefined
  if (beside === undefined) return { value: row.value, unit: row.unit }
  const value = row.beside[beside]
  return value === undefined ? undefined : { value, unit: beside.endsWith('Ms') ? 'ms' : '' }
}
