import fc from 'fast-check'
import { fieldsPlan, type PlannedField } from './plan.ts'
import type { AnyType, Shape } from './schema.ts'
import { formatMicroTime, formatTime } from './times.ts'

/** For property tests: arbitrary JSON of a type, with fields left out as often as given. Types that hold themselves end at `depth`. */
export function valuesOf(type: AnyType, depth = 4): fc.Arbitrary<unknown> {
  return arbitrary(type.shape, depth)
}

function arbitrary(shape: Shape, depth: number): fc.Arbitrary<unknown> {
  switch (shape.kind) {
    case 'string':
      return shape.values === undefined ? texts : fc.constantFrom(...shape.values)
    case 'bytes':
      return fc.uint8Array({ maxLength: 12 }).map((bytes) => Buffer.from(bytes).toString('base64'))
    case 'bool':
      return fc.boolean()
    case 'int32':
      return fc.integer()
    case 'uint32':
      return fc.integer({ min: 0, max: 2 ** 32 - 1 })
    case 'int64':
      return fc.maxSafeInteger()
    case 'uint64':
      return fc.maxSafeNat()
    case 'double':
      return fc.double({ noNaN: true, noDefaultInfinity: true })
    case 'quantity':
      return fc.tuple(fc.nat(5000), fc.constantFrom('', 'm', 'k', 'Ki', 'Mi', 'Gi')).map(([n, suffix]) => `${n}${suffix}`)
    case 'time':
      return fc.integer({ min: -62_135_596_800, max: 253_402_300_799 }).map(formatTime)
    case 'microTime':
      return fc
        .tuple(fc.integer({ min: -62_135_596_800, max: 253_402_300_799 }), fc.nat(999_999))
        .map(([s, us]) => formatMicroTime(s, us * 1000))
    case 'duration':
      return fc.nat(100_000).map((s) => `${s}s`)
    case 'intOrString':
      return fc.oneof(fc.integer(), texts)
    case 'json':
      return fc.dictionary(names, fc.oneof(texts, fc.integer(), fc.boolean()), { maxKeys: 2 })
    case 'list':
      return depth === 0 ? fc.constant([]) : fc.array(arbitrary(shape.item.shape, depth - 1), { maxLength: 2 })
    case 'map':
      return depth === 0 ? fc.constant({}) : fc.dictionary(names, arbitrary(shape.value.shape, depth - 1), { maxKeys: 2 })
    case 'message':
      return messages(shape, depth)
    case 'either':
      return fc.oneof(...shape.cases.map(({ type }) => arbitrary(type.shape, Math.max(0, depth - 1))))
    case 'structural':
      return fc.record({ metadata: arbitrary(shape.metadata.shape, depth) })
  }
}

/** Two or three fields of each message: enough for every field over many runs, and few enough for values to stay small. */
function messages(shape: Shape, depth: number): fc.Arbitrary<unknown> {
  const fields = fieldsPlan(shape)
  if (depth === 0 || fields.length === 0) return fc.constant({})
  return fc
    .uniqueArray(fc.nat(fields.length - 1), { maxLength: 3 })
    .chain((chosen) =>
      fc.record(
        Object.fromEntries(chosen.map((i) => [fields[i]!.name, fieldValues(fields[i]!, depth - 1)])) as Record<
          string,
          fc.Arbitrary<unknown>
        >,
      ),
    )
    .map((record) => ({ ...record }))
}

/** Protobuf cannot tell an empty list from none: where JSON can (a list with `pointer`), no value is empty. */
function fieldValues({ shape, pointer, wrapped }: PlannedField, depth: number): fc.Arbitrary<unknown> {
  return pointer && !wrapped && shape.kind === 'list'
    ? fc.array(arbitrary(shape.item.shape, Math.max(0, depth - 1)), { minLength: 1, maxLength: 2 })
    : arbitrary(shape, depth)
}

const texts = fc.oneof(fc.string({ maxLength: 8 }), fc.string({ unit: 'grapheme', maxLength: 4 }))
const names = fc.oneof(fc.string({ minLength: 1, maxLength: 4 }), fc.constantFrom('__proto__', 'constructor', 'a/b'))
