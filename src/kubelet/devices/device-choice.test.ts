import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { type ChoiceRequest, chooseDevices } from './device-choice.ts'

/** `a0 b1 c01 d`: devices with the NUMA nodes that they are near to. */
interface Case {
  readonly title: string
  readonly available: string
  readonly required: number
  readonly reusable?: string
  /** NUMA nodes that the container was placed on. */
  readonly placement?: readonly number[]
  readonly wish?: string
  readonly chosen: string
  /** What the plug-in is asked about; undefined: nothing. */
  readonly asked?: string
}

const cases: readonly Case[] = [
  { title: 'as many as are needed, without a place', available: 'a b c', required: 2, chosen: 'a b', asked: 'a b c' },
  { title: 'those that the plug-in likes best', available: 'a b c', required: 2, wish: 'c', chosen: 'c a', asked: 'a b c' },
  { title: 'a wish for what is not to be had counts for nothing', available: 'a b', required: 1, wish: 'x b', chosen: 'b', asked: 'a b' },
  { title: 'of ended init containers first', available: 'a b', required: 1, reusable: 'z', chosen: 'z' },
  { title: 'and the rest from what is free', available: 'a b', required: 2, reusable: 'z', chosen: 'z a', asked: 'a b z' },
  { title: 'where the container is placed', available: 'a0 b1 c1', required: 1, placement: [1], chosen: 'b', asked: 'b c' },
  { title: 'all that is there, without a question', available: 'a0 b1 c1', required: 2, placement: [1], chosen: 'b c' },
  { title: 'then what is elsewhere, and nowhere last', available: 'a b0 c1', required: 2, placement: [1], chosen: 'c b', asked: 'a b c' },
  { title: 'near to two nodes is near', available: 'a0 b01', required: 1, placement: [1], chosen: 'b' },
  { title: 'no placement: no device is nearer', available: 'a1 b0', required: 1, chosen: 'a', asked: 'a b' },
  { title: 'less than is needed, where there is no more', available: 'a', required: 2, chosen: 'a', asked: 'a' },
]

for (const { title, chosen, asked, wish, ...request } of cases)
  test(title, () => {
    const choice = chooseDevices(requestOf(request))
    assert.deepEqual(choice.question?.available.toSorted(), asked?.split(' ').toSorted())
    assert.deepEqual([...choice.answer(wish?.split(' ') ?? [])], chosen.split(' '))
  })

test('never more than is needed, never twice, never what is not free', () => {
  const ids = fc.uniqueArray(fc.integer({ min: 0, max: 11 }), { maxLength: 12 })
  const place = fc.array(fc.integer({ min: 0, max: 3 }), { maxLength: 2 })
  fc.assert(
    fc.property(
      ids,
      ids,
      ids,
      fc.integer({ min: 0, max: 14 }),
      fc.array(place, { minLength: 12, maxLength: 12 }),
      place,
      (free, again, wish, required, places, near) => {
        const reusable = again.filter((id) => !free.includes(id)).map(String)
        const available = free.map(String)
        const nodesOf = (id: string) => places[Number(id)] ?? []
        const placement =
          near.length === 0 ? undefined : { nodes: BigInt(near.reduce((mask, node) => mask | (1 << node), 0)), preferred: true }
        const hasTopology = [...available, ...reusable].some((id) => nodesOf(id).length > 0)
        const choice = chooseDevices({ required, reusable, available, nodesOf, hasTopology, placement })
        const chosen = choice.answer(wish.map(String))
        assert.equal(chosen.size, Math.min(required, available.length + reusable.length))
        for (const id of chosen) assert.ok(available.includes(id) || reusable.includes(id))
      },
    ),
  )
})

function requestOf({ available, required, reusable = '', placement }: Omit<Case, 'title' | 'chosen'>): ChoiceRequest {
  const devices = new Map(available.split(' ').map((text) => [text[0]!, [...text.slice(1)].map(Number)]))
  return {
    required,
    reusable: reusable.split(' ').filter(Boolean),
    available: [...devices.keys()],
    nodesOf: (id) => devices.get(id) ?? [],
    hasTopology: [...devices.values()].some((nodes) => nodes.length > 0),
    placement: placement && { nodes: placement.reduce((mask, node) => mask | (1n << BigInt(node)), 0n), preferred: true },
  }
}
