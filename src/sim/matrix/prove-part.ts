import assert from 'node:assert/strict'
import { test } from 'node:test'
import { optionalControllerNames } from '../controller-names.ts'
import { cellsOf, nameOf, runCell, runWithoutFaults } from './run-matrix.ts'
import { scenarios } from './scenario.ts'

/** Of each controller of every other scenario a few cells: its first write and some later ones, and all ways not to see. */
export function provePart(part: 0 | 1): void {
  for (const scenario of scenarios.filter((_, index) => index % 2 === part)) {
    test(`whatever comes between, it ends as it would without faults: ${scenario.name}`, async () => {
      const expected = await runWithoutFaults(scenario)
      assert.deepEqual(expected.problems, [])
      for (const controller of scenario.controllers.filter((name) => optionalControllerNames.has(name))) {
        assert.ok(expected.writes.has(controller), `${controller} does nothing in it`)
        for (const cell of cellsOf(expected, controller, cellsMax)) {
          const { problems, outcome } = await runCell(cell, expected)
          assert.deepEqual(problems, [], `${nameOf(cell)}\n${outcome.history.text(60)}`)
        }
      }
    })
  }
}

/** Crashes of one controller. */
const cellsMax = 2
