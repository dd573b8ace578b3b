import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { EndpointSlice } from '#api/discovery/v1/endpoint-slice.ts'
import type { Endpoint } from '#api/discovery/v1/types.ts'
import { distribute } from './distribute.ts'
import { identityOf } from './endpoint.ts'

// Slices of letters, at most four each; wanted letters → slices, `*` where one is written, new ones at the end.
check('leaves all as it is', ['abc', 'd'], 'abcd', 'abc d')
check('takes away what is not wanted', ['abc', 'd'], 'abd', '*ab d')
check('empties rather than moves', ['ab', 'c'], 'ab', 'ab *')
check('fills a slice that changes anyway before a fuller one', ['abc', 'de'], 'abcdf', 'abc *df')
check('the fullest of those that change first', ['abc', 'de'], 'abdfgh', '*abfg *dh')
check('else the fullest that can take all', ['abc', 'd'], 'abcdx', '*abcx d')
check('not the fullest, if it cannot', ['abc', 'd'], 'abcdxy', 'abc *dxy')
check('else a new one', ['abc', 'def'], 'abcdefxy', 'abc def *xy')
check('as many new ones as needed', [], 'abcdefghi', '*abcd *efgh *i')

function check(name: string, slices: readonly string[], wanted: string, expected: string): void {
  test(name, () => {
    const endpoints = new Map([...wanted].map((letter) => [identityOf(endpoint(letter)), endpoint(letter)]))
    const present = slices.map((letters) => ({ ports: [], endpoints: [...letters].map(endpoint) }) as unknown as EndpointSlice)
    const drafts = distribute([], endpoints, present, 4)
    const shown = drafts.map((draft, at) => {
      const letters = draft.endpoints.map(({ addresses }) => addresses[0]).join('')
      return letters === slices[at] ? letters : `*${letters}`
    })
    assert.equal(shown.join(' '), expected)
  })
}

function endpoint(letter: string): Endpoint {
  return { addresses: [letter], conditions: { ready: true } }
}
