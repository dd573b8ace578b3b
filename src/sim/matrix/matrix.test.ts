/**
 * A part of the fault matrix, spread over all controllers; the whole by `npm run simulate -- --matrix`. Node's runner takes test files side by
 * side, so the controllers are dealt out to two.
 */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { controllerNames, optionalControllerNames } from '../controller-names.ts'
import { provePart } from './prove-part.ts'
import { scenarios } from './scenario.ts'

test('every controller has a scenario', () => {
  const shown = new Set(scenarios.flatMap(({ controllers }) => controllers))
  assert.deepEqual(
    [...controllerNames].filter((name) => !shown.has(name)),
    [],
    'controllers without a scenario in sim/matrix',
  )
  assert.deepEqual(
    [...shown].filter((name) => !optionalControllerNames.has(name)),
    [],
    'scenarios of controllers that there are not',
  )
})

provePart(0)
