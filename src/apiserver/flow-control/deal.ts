import { hash } from 'node:crypto'

/**
 * The queues that a flow may use (shuffle sharding): `handSize` different ones of `deckSize`, chosen by the flow's name, so that two flows
 * rarely share all of theirs and an elephant cannot block every queue of a mouse.
 */
export function deal(schema: string, flow: string, deckSize: number, handSize: number): readonly number[] {
  // Sixty-four bits tell as many hands apart as validation allows.
  let left = BigInt(`0x${hash('sha256', `${schema}\u0000${flow}`, 'hex').slice(0, 16)}`)
  const hand: number[] = []
  for (let i = 0; i < handSize; i += 1) {
    const remaining = BigInt(deckSize - i)
    let card = Number(left % remaining)
    left /= remaining
    // Cards already in the hand are gone from the deck.
    for (const taken of hand.toSorted((a, b) => a - b)) if (card >= taken) card += 1
    hand.push(card)
  }
  return hand
}
