import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { test } from 'node:test'
import { compile } from '#lib/cel/cel.ts'
import { formatDouble } from '#lib/cel/show.ts'
import { formatTimestamp } from '#lib/cel/time-text.ts'
import { boolType, doubleType, dynType, intType, listType, mapType, stringType } from '#lib/cel/types.ts'
import { adoptJson, entryOf, itemsOf, keysOf, kindOf, type ListValue, type MapValue, runtimeType, type Value } from '#lib/cel/values.ts'
import { environment } from './environment.ts'

/** One expression, and what cel-go 0.26 in the environment of Kubernetes v1.36 makes of it. */
interface Case {
  readonly expr: string
  readonly error?: string
  readonly type?: string
  readonly value?: string
  readonly fault?: string
  readonly cost?: number
  readonly estimate?: readonly [number, number]
}

const within = environment({
  variables: {
    d: dynType,
    s: stringType,
    i: intType,
    b: boolType,
    l: listType(intType),
    ls: listType(stringType),
    m: mapType(stringType, stringType),
    x: doubleType,
  },
})
const variables: Readonly<Record<string, Value>> = Object.fromEntries(
  Object.entries({
    d: { a: { b: 1, c: [1, 2.5, 'x', true, null] }, l: ['p', 'q'], s: 'str', n: null, i: 7, f: 1.5 },
    s: 'hello',
    i: 3,
    b: true,
    l: [1, 2, 3],
    ls: ['a', 'b', 'c'],
    m: { k: 'v', k2: 'v2' },
    x: 2.5,
  }).map(([name, value]) => [name, adoptJson(value)]),
)

const cases = readFileSync(new URL('./conformance.jsonl', import.meta.url), 'utf8')
  .trim()
  .split('\n')
  .map((line) => JSON.parse(line) as Case)

test('expressions mean and cost what the reference says', () => {
  assert.ok(cases.length > 500)
  for (const each of cases) check(each)
})

function check(wanted: Case): void {
  const compiled = compile(wanted.expr, within)
  if (!compiled.ok) {
    assert.equal(`${compiled.instantiation === true ? 'program: ' : ''}${compiled.message}`, wanted.error, wanted.expr)
    return
  }
  assert.equal(wanted.error, undefined, wanted.expr)
  const { program } = compiled
  const outcome = program.run(variables, { costLimit: 10_000_000 })
  const value = outcome.value === undefined ? undefined : `${runtimeType(outcome.value).name} ${show(outcome.value)}`
  assert.deepEqual(
    { value, fault: outcome.error, cost: outcome.cost, type: plainType(program.outputType.text) },
    { value: wanted.value, fault: wanted.fault, cost: wanted.cost, type: plainType(wanted.type ?? '') },
    wanted.expr,
  )
  const { min, max } = program.cost()
  assert.deepEqual([capped(min), capped(max)], (wanted.estimate ?? []).map(capped), `estimate of ${wanted.expr}`)
}

/** Beyond 2^63 the reference's integers and our floating point part. */
const capped = (cost: number): number => (cost >= 2 ** 60 ? Number.POSITIVE_INFINITY : cost)
const plainType = (text: string): string =>
  text
    .replaceAll('google.protobuf.Timestamp', 'timestamp')
    .replaceAll('google.protobuf.Duration', 'duration')
    .replaceAll('null_type', 'null')

function show(value: Value): string {
  switch (kindOf(value)) {
    case 'string':
      return JSON.stringify(value)
    case 'bytes':
      return Buffer.from(value as Uint8Array).toString('hex')
    case 'duration':
      return goDuration((value as { nanos: bigint }).nanos)
    case 'timestamp':
      return formatTimestamp((value as { nanos: bigint }).nanos)
    case 'optional': {
      const inside = (value as { value: Value | undefined }).value
      return inside === undefined ? 'none' : `of(${show(inside)})`
    }
    case 'map':
    case 'record':
      return `{${keysOf(value as MapValue)
        .map((key) => `${show(key)}:${show(entryOf(value as MapValue, key) as Value)}`)
        .sort()
        .join(',')}}`
    case 'list':
      return `[${itemsOf(value as ListValue)
        .map(show)
        .join(',')}]`
    case 'number':
      return formatDouble(value as number, 21)
    case 'uint':
      return String((value as { value: bigint }).value)
    case 'null':
      return 'null'
    case 'type':
      return (value as { type: { name: string } }).type.name
    case 'opaque':
      return '?'
    default:
      return String(value)
  }
}

/** Go's text of a duration, as far as the cases need it. */
function goDuration(nanos: bigint): string {
  if (nanos === 0n) return '0s'
  const sign = nanos < 0n ? '-' : ''
  const all = nanos < 0n ? -nanos : nanos
  const [hours, minutes] = [all / 3_600_000_000_000n, (all / 60_000_000_000n) % 60n]
  const seconds = `${Number(all % 60_000_000_000n) / 1e9}s`
  if (all < 1_000_000_000n) return `${sign}${Number(all) / 1e6}ms`
  return sign + (hours > 0n ? `${hours}h${minutes}m${seconds}` : minutes > 0n ? `${minutes}m${seconds}` : seconds)
}
