import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { Deployment } from '#api/apps/v1/types.ts'
import { ConfigMap, Pod, Service } from '#api/core/v1/types.ts'
import { ClusterRole } from '#api/rbac/v1/types.ts'
import { WherryError } from '#lib/errors.ts'
import { deepFreeze } from '#lib/freeze.ts'
import { decode } from '#schema/decode.ts'
import { encodeJson } from '#schema/json.ts'
import type { AnyType } from '#schema/schema.ts'
import { valuesOf } from '#schema/values-of.ts'
import { type Applied, applyObject, checkApplied } from './apply.ts'
import { compare } from './compare.ts'
import { intersection, isEmptySet, leaf, pathsOf, showPath } from './field-set.ts'
import { capUpdates, type Manager, type Managers, managerId, readManagers, writeManagers } from './managers.ts'
import { MergeError } from './merge-error.ts'
import { mergeSchemaOf } from './merge-schema.ts'
import { setOfValue } from './set-of-value.ts'
import { updateManagers } from './update.ts'

const now = '2026-01-01T00:00:00Z'

/** Applies configurations one after the other to what the one before left. */
function world(type: AnyType, apiVersion = 'v1') {
  const schema = mergeSchemaOf(type)
  const versions = { schemaOf: (version: string) => (version === apiVersion ? schema : undefined), convert: (object: unknown) => object }
  let live: unknown = JSON.parse(encodeJson(type, {}))
  let managers: Managers = new Map()
  return {
    apply(manager: string, applied: unknown, force = false): Applied {
      const common = { versions, apiVersion, subresource: '', now, scope: {}, reconciles: true }
      const done = applyObject({ ...common, manager, force, managers, live: deepFreeze(live), applied: deepFreeze(applied) })
      live = JSON.parse(encodeJson(type, decode(type, done.object).value))
      managers = done.managers
      return done
    },
    update(manager: string, change: (object: never) => unknown): void {
      const before = decode(type, live).value
      const after = decode(type, change(structuredClone(live) as never)).value
      managers = updateManagers({
        schema,
        before,
        after,
        apiVersion,
        manager,
        subresource: '',
        now,
        managers,
        scope: {},
        compare: { inMemory: true },
        reconciles: true,
        isServed: () => false,
        inVersion: () => undefined,
      })
      live = JSON.parse(encodeJson(type, after))
    },
    live: () => live as never,
    owns: (manager: string): string[] =>
      [...managers.values()].filter((each) => each.manager === manager).flatMap(({ set }) => pathsOf(set).map(showPath)),
  }
}

const map = (data: object) => ({ apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'm' }, data })
const conflict = (message: string) => (error: unknown) => {
  assert.ok(error instanceof WherryError && error.code === 'Conflict')
  assert.equal(error.message, message)
  return true
}

test('an applier owns what it names, and gives up what it names no more', () => {
  const { apply, owns, live } = world(ConfigMap)
  apply('one', map({ a: '1', b: '2' }))
  assert.deepEqual(owns('one'), ['.data.a', '.data.b'])
  apply('two', map({ b: '2', c: '3' }))
  apply('one', map({ a: '1' }))
  assert.deepEqual((live() as { data: object }).data, { a: '1', b: '2', c: '3' })
  apply('two', map({ c: '3' }))
  assert.deepEqual((live() as { data: object }).data, { a: '1', c: '3' })
})

test('what somebody else owns is refused by its owner’s name, and taken by force', () => {
  const { apply, update, owns } = world(ConfigMap)
  apply('one', map({ a: '1' }))
  assert.throws(() => apply('two', map({ a: '2' })), conflict('Apply failed with 1 conflict: conflict with "one": .data.a'))
  update('program', (object: { data: Record<string, string> }) => ({ ...object, data: { ...object.data, b: '1' } }))
  assert.throws(
    () => apply('two', map({ a: '2', b: '2' })),
    conflict('Apply failed with 2 conflicts: conflicts with "one":\n- .data.a\nconflicts with "program" using v1:\n- .data.b'),
  )
  apply('two', map({ a: '2', b: '2' }), true)
  assert.deepEqual(owns('one'), [])
  assert.deepEqual(owns('two'), ['.data.a', '.data.b'])
})

test('an update takes what it changes from all others, and nobody owns what it removes', () => {
  const { apply, update, owns } = world(ConfigMap)
  apply('one', map({ a: '1', b: '1', c: '1' }))
  update('program', (object: object) => ({ ...object, data: { a: '2', c: '1', d: '1' } }))
  assert.deepEqual(owns('one'), ['.data.c'])
  assert.deepEqual(owns('program'), ['.data.a', '.data.d'])
})

test('applied values that do not fit are told with their places', () => {
  const deployment = (spec: object) => ({ apiVersion: 'apps/v1', kind: 'Deployment', metadata: { name: 'd' }, spec })
  const pods = (containers: unknown) => deployment({ template: { spec: { containers } } })
  const cases: readonly (readonly [unknown, string])[] = [
    [{ bogus: 1 }, '.bogus: field not declared in schema'],
    [deployment({ replicas: 'x' }), '.spec.replicas: expected numeric (int or float), got string'],
    [deployment({ paused: 'x' }), '.spec.paused: expected boolean, got &{x}'],
    [deployment({ template: 5 }), '.spec.template: expected map, got &{5}'],
    [pods({}), '.spec.template.spec.containers: expected list, got &{map[]}'],
    [pods([{ name: 5 }]), '.spec.template.spec.containers[name=5].name: expected string, got &value.valueUnstructured{Value:5}'],
    [pods([null]), '.spec.template.spec.containers: element 0: associative list with keys may not have a null element'],
    [pods(['x']), '.spec.template.spec.containers: element 0: associative list with keys may not have non-map elements'],
    [pods([{ name: 'a' }, { name: 'a' }]), '.spec.template.spec.containers: duplicate entries for key [name="a"]'],
    [
      pods([{ name: 'a', ports: [{ containerPort: 80 }, { containerPort: 80, protocol: 'TCP' }] }]),
      '.spec.template.spec.containers[name="a"].ports: duplicate entries for key [containerPort=80,protocol="TCP"]',
    ],
    [
      { metadata: { finalizers: ['a', 'a'], labels: { a: 1 } } },
      'errors:\n  .metadata.finalizers: duplicate entries for key [="a"]\n  .metadata.labels.a: expected string, got &value.valueUnstructured{Value:1}',
    ],
  ]
  for (const [value, message] of cases)
    assert.throws(
      () => checkApplied(mergeSchemaOf(Deployment), value),
      (error) => error instanceof MergeError && error.message === message,
      message,
    )
  checkApplied(mergeSchemaOf(Deployment), { ...deployment({ replicas: null }), status: null })
})

test('lists merge by their keys, whole ones by nobody’s', () => {
  const { apply, live, owns } = world(Service)
  const service = (spec: object) => ({ apiVersion: 'v1', kind: 'Service', metadata: { name: 's' }, spec })
  apply('one', service({ ports: [{ name: 'a', port: 80 }], externalIPs: ['1.1.1.1'] }))
  apply('two', service({ ports: [{ name: 'b', port: 443 }] }))
  const ports = () => (live() as { spec: { ports: { port: number }[] } }).spec.ports.map(({ port }) => port)
  assert.deepEqual(ports(), [80, 443])
  apply('one', service({ ports: [{ name: 'c', port: 81 }] }))
  assert.deepEqual(ports(), [443, 81])
  assert.deepEqual(owns('two'), [
    '.spec.ports[port=443,protocol="TCP"]',
    '.spec.ports[port=443,protocol="TCP"].name',
    '.spec.ports[port=443,protocol="TCP"].port',
  ])
  assert.throws(() => apply('two', service({ ports: [{ name: 'd', port: 81 }] })), { code: 'Conflict' })
})

test('what a create owns is all that the object shows beside the empty one', () => {
  const schema = mergeSchemaOf(Pod)
  const { value } = decode(Pod, { metadata: { name: 'p', labels: { a: 'b' } }, spec: { containers: [{ name: 'c' }] } })
  const found = compare(schema, {}, value, { inMemory: true })
  assert.deepEqual(pathsOf(found!.added ?? leaf).map(showPath), [
    '.metadata.labels',
    '.metadata.name',
    '.metadata.labels.a',
    '.spec.containers[name="c"]',
    '.spec.containers[name="c"].name',
    '.spec.containers[name="c"].resources',
  ])
  assert.equal(compare(schema, value, structuredClone(value), { inMemory: true }), undefined)
})

test('a list that was given without items is owned where an absent one is written too, and nowhere else', () => {
  const { value } = decode(ClusterRole, { metadata: { name: 'r', labels: {} }, rules: [] })
  const owned = (after: unknown) => JSON.stringify(compare(mergeSchemaOf(ClusterRole), {}, after, { inMemory: true }))
  assert.match(owned(value), /"modified":\{"f:rules":\{\}\}/)
  assert.doesNotMatch(owned(value), /f:labels/)
  assert.doesNotMatch(owned(decode(ClusterRole, { metadata: { name: 'r' } }).value), /f:rules/)
})

test('comparing in memory says the same as comparing what is written', () => {
  for (const type of [Pod, Service, Deployment])
    fc.assert(
      fc.property(valuesOf(type), valuesOf(type), (a, b) => {
        // A copy forgets which lists were given without items, as what is written does.
        const [left, right] = [a, b].map((json) => structuredClone(decode(type, json).value))
        const written = [left, right].map((value) => JSON.parse(encodeJson(type, value)))
        const schema = mergeSchemaOf(type)
        const inMemory = attempt(() => compare(schema, left, right, { inMemory: true }))
        const asJson = attempt(() => compare(schema, written[0], written[1], { inMemory: false }))
        assert.equal(JSON.stringify(inMemory), JSON.stringify(asJson))
      }),
      { numRuns: 60 },
    )
})

/** Generated lists may have items without a name, which neither side can compare. */
function attempt<T>(run: () => T): T | 'refused' {
  try {
    return run()
  } catch (error) {
    if (!(error instanceof MergeError)) throw error
    return 'refused'
  }
}

const data = fc.dictionary(fc.constantFrom('a', 'b', 'c', 'd'), fc.constantFrom('1', '2'), { minKeys: 1, noNullPrototype: true })

test('applying twice changes nothing; by force each field that two disagree on has one owner', () => {
  fc.assert(
    fc.property(fc.array(fc.tuple(fc.constantFrom('one', 'two'), data), { minLength: 1, maxLength: 6 }), (steps) => {
      const { apply, live } = world(ConfigMap)
      for (const [manager, given] of steps) {
        const first = apply(manager, map(given), true)
        const after = live() as { readonly data?: Readonly<Record<string, string>> }
        for (const [key, value] of Object.entries(given)) assert.equal(after.data?.[key], value)
        const again = apply(manager, map(given), true)
        assert.equal(compare(mergeSchemaOf(ConfigMap), first.object, again.object, { inMemory: false }), undefined)
        assert.deepEqual([...again.managers], [...first.managers])
        const schema = mergeSchemaOf(ConfigMap)
        for (const other of again.managers.values()) {
          if (other.manager === manager) continue
          // What both own has the value that the last one applied.
          const both = pathsOf(intersection(other.set, setOfValue(schema, map(given))))
          for (const path of both) assert.equal(after.data?.[path[1]!.slice(2)], given[path[1]!.slice(2)])
        }
      }
    }),
  )
})

test('more than ten updaters become ancient', () => {
  const managers = new Map<string, Manager>()
  for (let i = 0; i < 14; i += 1) {
    const manager = {
      manager: `m${i}`,
      operation: 'Update',
      apiVersion: 'v1',
      subresource: '',
      time: `2026-01-01T00:00:${`${i}`.padStart(2, '0')}Z`,
      set: { [`f:${i}`]: leaf },
    } as const
    managers.set(managerId(manager), manager)
  }
  capUpdates(managers)
  assert.equal(managers.size, 10)
  const ancient = [...managers.values()].find(({ manager }) => manager === 'ancient-changes')!
  assert.equal(pathsOf(ancient.set).length, 5)
  assert.equal(ancient.time, '2026-01-01T00:00:04Z')
})

test('entries are read and written in their order; nonsense is refused', () => {
  const entry = { manager: 'm', operation: 'Update', apiVersion: 'v1', fieldsType: 'FieldsV1', fieldsV1: { 'f:data': { 'f:a': {} } } }
  const entries = [
    { ...entry, operation: 'Apply' },
    { ...entry, time: now },
    { ...entry, manager: 'n', time: now, subresource: 'status' },
  ]
  assert.deepEqual(writeManagers(readManagers(entries.toReversed(), false)), entries)
  assert.equal(writeManagers(new Map()), undefined)
  const cases: readonly (readonly [object, string])[] = [
    [{ operation: 'Bad' }, 'operation must be `Apply` or `Update`'],
    [{ apiVersion: '' }, 'apiVersion must not be empty'],
    [{ fieldsType: '' }, 'missing fieldsType in managed fields entry 0'],
    [{ fieldsType: 'V2' }, 'invalid fieldsType "V2" in managed fields entry 0'],
  ]
  for (const [change, message] of cases) assert.throws(() => readManagers([{ ...entry, ...change }], false), { message })
  assert.ok(
    isEmptySet(
      readManagers([{ ...entry, fieldsV1: undefined }], false)
        .values()
        .next().value!.set,
    ),
  )
})
