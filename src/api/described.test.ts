import assert from 'node:assert/strict'
import { glob } from 'node:fs/promises'
import { join, sep } from 'node:path'
import { test } from 'node:test'
import { type AnyType, fieldsOf, type Message } from '#schema/schema.ts'
import { kinds } from './kinds.ts'

/** Longer ones do not fit what `kubectl explain` is read for. */
const SENTENCE_CHARACTERS_MAX = 240

test('every kind, structure and field says what it is for', async () => {
  const faults = (await everyMessage()).flatMap(faultsOf).sort()
  assert.deepEqual(faults, [], faults.join('\n'))
})

test('what is missing, long, unfinished or said twice is found', () => {
  const shape = (about: string | undefined, ...fields: readonly (string | undefined)[]): Message => ({
    kind: 'message',
    name: 'Thing',
    protoName: 'k8s.io.api.test.v1.Thing',
    fields: Object.fromEntries(
      fields.map((text, i) => [
        `f${i}`,
        { number: i, type: { shape: { kind: 'bool' } }, options: { ...(text !== undefined && { about: text }) } },
      ]),
    ),
    ...(about !== undefined && { about }),
  })
  const check = (thing: Message, expected: readonly string[]): void => assert.deepEqual(faultsOf(thing), expected)
  check(shape('A thing.', 'First of all.', 'The second.'), [])
  check(shape(undefined, undefined), ['test.v1.Thing: nothing is said', 'test.v1.Thing.f0: nothing is said'])
  check(shape('A thing', ''), ['test.v1.Thing: no full stop', 'test.v1.Thing.f0: no full stop'])
  check(shape('A thing.', `${'x'.repeat(SENTENCE_CHARACTERS_MAX)}.`), ['test.v1.Thing.f0: 241 characters'])
  check(shape('A thing.', 'The same.', 'Another.', 'The same.'), ['test.v1.Thing.f2: as f0'])
})

/** The messages that the kinds hold, and those that stand in the files of types for requests and answers. */
async function everyMessage(): Promise<readonly Message[]> {
  const found = new Set<Message>()
  for (const kind of kinds) collect(kind, found)
  for await (const file of glob(join('*', '*', 'types.ts'), { cwd: import.meta.dirname })) {
    const module: Readonly<Record<string, unknown>> = await import(`./${file.replaceAll(sep, '/')}`)
    for (const value of Object.values(module)) if (isType(value)) collect(value, found)
  }
  return [...found]
}

const isType = (value: unknown): value is AnyType => typeof value === 'object' && value !== null && 'shape' in value

function collect({ shape }: AnyType, found: Set<Message>): void {
  if (shape.kind === 'list') collect(shape.item, found)
  if (shape.kind === 'map') collect(shape.value, found)
  if (shape.kind === 'either') for (const each of shape.cases) collect(each.type, found)
  if (shape.kind !== 'message' || found.has(shape)) return
  found.add(shape)
  for (const { type } of shape.embeds ?? []) collect(type, found)
  for (const { type } of Object.values(fieldsOf({ shape }))) collect(type, found)
}

function faultsOf(shape: Message): readonly string[] {
  const name = shape.protoName.replace(/^k8s\.io\.(?:api\.|apimachinery\.pkg\.apis\.|apiextensions_apiserver\.pkg\.apis\.)?/, '')
  const saidBy = new Map<string, string>()
  return [
    ...faultOf(name, shape.about),
    ...Object.entries(fieldsOf({ shape })).flatMap(([field, { options }]) => {
      const { about } = options
      const first = about === undefined ? undefined : saidBy.get(about)
      if (about !== undefined && first === undefined) saidBy.set(about, field)
      return [...faultOf(`${name}.${field}`, about), ...(first === undefined ? [] : [`${name}.${field}: as ${first}`])]
    }),
  ]
}

function faultOf(name: string, about: string | undefined): readonly string[] {
  if (about === undefined) return [`${name}: nothing is said`]
  if (!about.endsWith('.')) return [`${name}: no full stop`]
  return about.length > SENTENCE_CHARACTERS_MAX ? [`${name}: ${about.length} characters`] : []
}
