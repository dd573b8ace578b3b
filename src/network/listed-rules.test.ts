import assert from 'node:assert/strict'
import { test } from 'node:test'
import { changedRules, type ListedRules, listedRules, sameRules } from './listed-rules.ts'

const listing = `table ip nat { # handle 1
	chain other { # handle 1
		accept # handle 2
	}
}
table ip t { # handle 7
	map services { # handle 3
		type ipv4_addr : verdict
	}

	chain canary { # handle 4
	}

	chain out { # handle 5
		type nat hook postrouting priority srcnat; policy accept;
		ip saddr { 10.0.0.1, 10.0.0.2,
			   10.0.0.3 } masquerade # handle 8
		jump canary # handle 9
	}
}
`
const text = [
  '\t\ttype nat hook postrouting priority srcnat; policy accept;',
  '\t\tip saddr { 10.0.0.1, 10.0.0.2,',
  '\t\t\t   10.0.0.3 } masquerade',
  '\t\tjump canary',
].join('\n')
const rules: ListedRules = new Map([
  ['ip t canary', { count: 0, text: '' }],
  ['ip t out', { count: 2, text }],
])

test('chains of our tables, with their rules and without handles', () => {
  assert.deepEqual(listedRules(listing, ['ip t']), rules)
  assert.deepEqual(listedRules(listing, ['ip6 t']), new Map())
})

check('the same with other handles', (one) => one.replace('handle 9', 'handle 77'), true)
check('a rule less', (one) => one.replace('\t\tjump canary # handle 9\n', ''), false)
check('a rule more', (one) => one.replace('\t\tjump', '\t\taccept # handle 10\n\t\tjump'), false)
check('another rule', (one) => one.replace('jump canary', 'goto canary'), false)
check('another policy of a hook', (one) => one.replace('policy accept', 'policy drop'), false)
check('a chain more', (one) => one.replace('\tchain canary', '\tchain x { # handle 11\n\t}\n\n\tchain canary'), false)
check('a chain less', (one) => one.replace('\tchain canary { # handle 4\n\t}\n', ''), false)
check('a table that sleeps', (one) => one.replace('{ # handle 7\n', '{ # handle 7\n\tflags dormant\n\n'), false)
check('a table of somebody else', (one) => one.replace('accept # handle 2', 'drop # handle 3'), true)

test('a transaction of ours leaves known how many rules its chains have', () => {
  const after = changedRules(
    rules,
    [
      'add chain ip t new',
      'add chain ip t out',
      'flush chain ip t out',
      'add rule ip t out goto canary',
      'add rule ip t new accept',
      'add rule ip t new drop',
      'add element ip t services { 10.0.0.1 : goto out }',
      'flush chain ip t canary',
      'delete chain ip t canary',
      '',
    ].join('\n'),
  )
  assert.deepEqual(
    after,
    new Map([
      ['ip t out', { count: 1 }],
      ['ip t new', { count: 2 }],
    ]),
  )
  const listed =
    'table ip t { # handle 7\n\tchain out { # handle 5\n\t\tgoto x # handle 8\n\t}\n\tchain new {\n\t\ta # handle 1\n\t\tb # handle 2\n\t}\n}\n'
  assert.ok(sameRules(after, listedRules(listed, ['ip t'])))
  assert.ok(!sameRules(after, listedRules(listed.replace('\t\tb # handle 2\n', ''), ['ip t'])))
  assert.equal(changedRules(rules, 'add element ip t services { 10.0.0.1 : goto out }\n'), rules)
})

function check(name: string, change: (listing: string) => string, isSame: boolean): void {
  test(`${isSame ? 'nothing drifted' : 'drift'}: ${name}`, () => {
    const changed = change(listing)
    assert.notEqual(changed, listing)
    assert.equal(sameRules(rules, listedRules(changed, ['ip t'])), isSame)
  })
}
