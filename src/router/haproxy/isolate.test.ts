import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import type { RouterModel } from '../model/router-model.ts'
import { listener, route } from '../testing/models.ts'
import { refusedUnits, unitsOf, withoutUnits } from './isolate.ts'

const model = (count: number): RouterModel => ({
  backends: [],
  certificates: [{ name: 'ns/tls', chain: 'chain', key: 'key' }],
  listeners: [
    listener({
      certificates: [{ certificate: 'ns/tls', hostnames: [] }],
      routes: Array.from({ length: count }, (_, index) => route({ name: `ingress/ns/o${index >> 1}/${index & 1}` })),
    }),
  ],
})
const namesIn = (one: RouterModel): Set<string> => new Set(unitsOf(one).map(({ name }) => name))

test('whoever is refused is found, and nobody else, in few looks', async () => {
  const units = [...namesIn(model(60))]
  assert.equal(units.length, 31)
  await fc.assert(
    fc.asyncProperty(fc.uniqueArray(fc.constantFrom(...units), { minLength: 1, maxLength: 4 }), async (bad) => {
      let looks = 0
      const found = await refusedUnits(model(60), async (part) => {
        looks += 1
        const names = namesIn(part)
        return bad.some((name) => names.has(name)) ? 'no' : undefined
      })
      assert.deepEqual(found?.map(({ name }) => name).sort(), bad.toSorted())
      assert.ok(looks <= 2 + bad.length * 12)
      assert.deepEqual(namesIn(withoutUnits(model(60), new Set(bad))), new Set(units.filter((name) => !bad.includes(name))))
    }),
    { numRuns: 40 },
  )
})

test('more than so many looks find are found in several goes', async () => {
  const left = new Set<string>()
  const isBad = (name: string): boolean => /[02468]$/.test(name)
  const refusalOf = async (part: RouterModel) => ([...namesIn(part)].some(isBad) ? 'no' : undefined)
  for (let goes = 1; ; goes += 1) {
    const found = await refusedUnits(withoutUnits(model(1000), left), refusalOf)
    if (found === undefined) break
    assert.ok(found.every(({ name }) => isBad(name)))
    for (const { name } of found) left.add(name)
    assert.ok(goes < 10)
  }
  assert.equal(left.size, 250)
})

test('nobody is blamed where all are refused, or all accepted', async () => {
  assert.equal(await refusedUnits(model(4), async () => undefined), undefined)
  assert.equal(await refusedUnits(model(4), async () => 'no'), undefined)
})

test('a unit that changes has another mark', () => {
  const marks = (one: RouterModel) => unitsOf(one).map(({ mark }) => mark)
  assert.deepEqual(marks(model(2)), marks(model(2)))
  assert.notEqual(marks({ ...model(2), certificates: [{ name: 'ns/tls', chain: 'chain', key: 'other' }] })[1], marks(model(2))[1])
})

test('the owner reads where in the object it is, in the words of the proxy', async () => {
  const rules = ['0', '1', '2'].map((rule) => route({ name: `httproute/ns/r/${rule}/0/a.example`, hostname: 'a.example' }))
  const path = route({ name: 'ingress/ns/i/1', hostname: 'b.example', path: { type: 'Exact', value: '/x' } })
  const all: RouterModel = { backends: [], certificates: [], listeners: [listener({ routes: [...rules, path] })] }
  const found = await refusedUnits(all, async ({ listeners }) => {
    const names = listeners.flatMap(({ routes }) => routes.map(({ name }) => name))
    return names.includes(rules[1]!.name) || names.includes(path.name) ? 'unknown word' : undefined
  })
  assert.deepEqual(
    found?.map(({ name, why }) => `${name} ${why}`),
    ['httproute/ns/r spec.rules[1]: unknown word', 'ingress/ns/i spec.rules, host "b.example", path /x: unknown word'],
  )
})
