import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { MachineFacts } from '../interfaces.ts'
import { type IdRange, idsOfPods, idUnit } from './id-range.ts'

check('nothing said: all but the node’s own', undefined, { hostId: idUnit, length: 2 ** 32 - 1 - idUnit })
check('longer ones', undefined, { hostId: 2 * idUnit, length: 2 ** 32 - 1 - 2 * idUnit }, 2 * idUnit)
check('a range of the administrator', '0: kubelet 131072 7208960\n', { hostId: 131_072, length: 7_208_960 })
check(
  'another of groups',
  { uids: '0: kubelet 65536 7208960', gids: '0: kubelet 131072 7208960' },
  /must be the same range; 0: kubelet 65536/,
)
check('two ranges', '0: kubelet 65536 7208960\n1: kubelet 9999998976 65536', /there must be one range of ids; getsubids says "0: kubelet/)
check('what is none', 'kubelet', /there must be one range/)
check('past all ids', `0: kubelet ${idUnit} ${2 ** 32}`, /there must be one range/)
check('the node’s own', '0: kubelet 0 7208960', /must be a multiple of userNamespaces.idsPerPod, 65536, and not 0; it is 0/)
check('between two units', '0: kubelet 100000 7208960', /the first id must be a multiple .*; it is 100000/)
check('not whole pods', '0: kubelet 65536 7208961', /their number must be a multiple/)
check('fewer than pods', '0: kubelet 65536 7143424', /must do for maxPods, 110 pods with 65536 each; there are 7143424/)

function check(name: string, given: MachineFacts['subordinateIds'] | string, expected: IdRange | RegExp, idsPerPod = idUnit): void {
  const both = typeof given === 'string' ? { uids: given, gids: given } : given
  test(`the ids of pods: ${name}`, () => {
    const read = (): IdRange => idsOfPods(both, { idsPerPod, maxPods: 110 })
    if (expected instanceof RegExp) assert.throws(read, expected)
    else assert.deepEqual(read(), expected)
  })
}
