import { begun, broken, check, condition, done, leaving, limitExceeded, running, startTime } from './check-plan.ts'

// --- indexes ----------------------------------------------------------------------------------------------------------------------------
const indexed = { completionMode: 'Indexed', completions: 4, parallelism: 2 }
check(
  'makes the first indexes that nobody has',
  {
    spec: indexed,
    status: { ...begun, completedIndexes: '0', succeeded: 1, active: 1 },
    pods: { b: { index: 1 } },
  },
  ['create pod work-2-?'],
)
check(
  'an index that succeeded needs no uid',
  { spec: indexed, status: { ...begun, active: 2 }, pods: { a: { ...done, index: 1 }, b: { index: 0 } } },
  ['status {"active":1,"succeeded":1,"completedIndexes":"1"}', 'release a', 'create pod work-2-?'],
)
check(
  'is not counted twice',
  {
    spec: indexed,
    status: { ...begun, completedIndexes: '0,1', succeeded: 2, active: 2 },
    pods: { a: { ...done, index: 1 }, b: { index: 2 }, c: { index: 3 } },
  },
  ['release a'],
)
check(
  'removes doubles, and what has no index',
  {
    spec: { ...indexed, parallelism: 4 },
    status: { ...begun, active: 5 },
    pods: { a: { index: 0 }, b: { index: 0, phase: 'Pending' }, c: {}, d: { index: 4 }, e: { index: 1 } },
  },
  ['release b', 'release c', 'release d', 'delete pod b', 'delete pod c', 'delete pod d'],
)
check(
  'shrinks',
  {
    spec: { ...indexed, completions: 2, parallelism: 2 },
    status: { ...begun, completedIndexes: '0,2-3', succeeded: 3, active: 1 },
    pods: { b: { index: 1 } },
  },
  ['status {"succeeded":1,"completedIndexes":"0"}'],
)
check('grows', { spec: { ...indexed, completions: 3, parallelism: 3 }, status: { ...begun, completedIndexes: '0,1', succeeded: 2 } }, [
  'create pod work-2-?',
])
check(
  'a pod of an index that the job has no more counts as nothing',
  {
    spec: { ...indexed, completions: 2 },
    status: { ...begun, completedIndexes: '0', succeeded: 1, active: 1 },
    pods: { b: { index: 1 }, c: { ...broken, index: 7 } },
  },
  ['release c'],
)

const perIndex = { ...indexed, backoffLimit: 2 ** 31 - 1, backoffLimitPerIndex: 1 }
check(
  'holds a failed pod until its successor knows of the failure',
  {
    spec: perIndex,
    status: { ...begun, active: 1, failedIndexes: '' },
    pods: { a: { ...broken, index: 0, failures: 0 }, b: { index: 1 } },
  },
  ['create pod work-0-?'],
)
check(
  'lets it go then',
  {
    spec: perIndex,
    status: { ...begun, active: 2, failedIndexes: '' },
    pods: { a: { ...broken, index: 0, failures: 0 }, b: { index: 1 }, c: { index: 0, failures: 1 } },
  },
  ['status {"uncountedTerminatedPods":{"failed":["a"]}}', 'release a'],
)
check(
  'gives an index up',
  {
    spec: perIndex,
    status: { ...begun, active: 2, failedIndexes: '' },
    pods: { a: { ...broken, index: 0, failures: 1 }, b: { index: 1 } },
  },
  ['status {"active":1,"uncountedTerminatedPods":{"failed":["a"]},"failedIndexes":"0"}', 'release a', 'create pod work-2-?'],
)
check(
  'each index backs off by itself',
  {
    spec: { ...perIndex, backoffLimitPerIndex: 5 },
    status: { ...begun, failedIndexes: '' },
    pods: { a: { exit: [1, 4], index: 0, failures: 2 }, b: { ...broken, index: 1, failures: 0 } },
  },
  ['create pod work-1-?'],
  36,
)
check(
  'fails when the others are done',
  {
    spec: perIndex,
    status: { ...begun, completedIndexes: '1-3', succeeded: 3, failed: 2, failedIndexes: '0' },
  },
  ['status {"conditions":["FailureTarget FailedIndexes Job has failed indexes"]}'],
)
check(
  'fails at once when too many indexes have',
  {
    spec: { ...perIndex, maxFailedIndexes: 1 },
    status: { ...running, failedIndexes: '0,2' },
    pods: { b: { index: 1 } },
  },
  [
    'status {"conditions":["FailureTarget MaxFailedIndexesExceeded Job has exceeded the specified maximal number of failed indexes"]}',
    'delete pod b',
  ],
)

for (const [what, facts] of [
  ['that is deleted for it', { ...leaving, index: 1, failures: 1 }],
  ['that has ended since', { ...broken, ...leaving, index: 1, failures: 1 }],
] as const)
  check(
    `a job that fails gives up no index because of a pod ${what}`,
    {
      spec: { ...perIndex, maxFailedIndexes: 1 },
      status: {
        ...running,
        failedIndexes: '0,2',
        conditions: [condition('FailureTarget', 'MaxFailedIndexesExceeded', 'too many')],
      },
      pods: { b: facts },
    },
    [`status {"active":null,${'exit' in facts ? '' : '"terminating":1,'}"uncountedTerminatedPods":{"failed":["b"]}}`, 'release b'],
  )
check(
  'but not with as many as may',
  {
    spec: { ...perIndex, maxFailedIndexes: 2 },
    status: { ...running, failedIndexes: '0,2' },
    pods: { b: { index: 1 }, c: { index: 3 } },
  },
  ['status {"active":2}'],
)
check(
  'an index that is given up stays so, whatever a pod of it still does',
  {
    spec: perIndex,
    status: { ...running, failedIndexes: '0' },
    pods: { a: { ...done, index: 0 }, b: { index: 1 }, c: { index: 2 } },
  },
  ['status {"active":2}', 'release a'],
)
check(
  'of two pods of an index the one that succeeded decides',
  {
    spec: perIndex,
    status: { ...begun, active: 2, failedIndexes: '' },
    pods: { a: { ...broken, index: 0, failures: 1 }, b: { ...done, index: 0 }, c: { index: 1 }, d: { index: 2 } },
  },
  ['status {"succeeded":1,"uncountedTerminatedPods":{"failed":["a"]},"completedIndexes":"0"}', 'release a', 'release b'],
)
check(
  'with the policy Failed no index is made whose pod still ends',
  {
    spec: { ...indexed, podReplacementPolicy: 'Failed' },
    status: { ...begun, terminating: 1 },
    pods: { a: { ...leaving, index: 0 } },
  },
  ['create pod work-1-?'],
)

// --- policies ---------------------------------------------------------------------------------------------------------------------------
const onCode = (action: string, values: number[], operator = 'In') => ({
  completions: 1,
  podFailurePolicy: { rules: [{ action, onExitCodes: { operator, values } }] },
})
check('a rule fails the job', { spec: onCode('FailJob', [3]), status: running, pods: { a: { exit: [3, 1] } } }, [
  'status {"active":null,"uncountedTerminatedPods":{"failed":["a"]},"conditions":["FailureTarget PodFailurePolicy Container main for pod shop/a failed with exit code 3 matching FailJob rule at index 0"]}',
  'release a',
])
check(
  'a rule leaves a failure out',
  { spec: { ...onCode('Ignore', [3], 'NotIn'), backoffLimit: 0 }, status: running, pods: { a: broken } },
  ['status {"active":null}', 'release a', 'create pod work-?'],
)
check('a rule is about other codes', { spec: { ...onCode('Ignore', [3]), backoffLimit: 0 }, status: begun, pods: { a: broken } }, [
  `status {"uncountedTerminatedPods":{"failed":["a"]},"conditions":["FailureTarget ${limitExceeded}"]}`,
  'release a',
])
const disrupted = { type: 'DisruptionTarget', status: 'True' }
check(
  'a rule goes by conditions',
  {
    spec: { completions: 1, podFailurePolicy: { rules: [{ action: 'FailJob', onPodConditions: [disrupted] }] } },
    status: begun,
    pods: { a: { ...broken, status: { conditions: [disrupted] } } },
  },
  [
    'status {"uncountedTerminatedPods":{"failed":["a"]},"conditions":["FailureTarget PodFailurePolicy Pod shop/a has condition DisruptionTarget matching FailJob rule at index 0"]}',
    'release a',
  ],
)
check(
  'the first rule that matches decides',
  {
    spec: {
      completions: 1,
      podFailurePolicy: {
        rules: [
          { action: 'Count', onPodConditions: [disrupted] },
          { action: 'FailJob', onExitCodes: { operator: 'In', values: [1] } },
        ],
      },
    },
    status: begun,
    pods: {
      a: {
        ...broken,
        status: {
          conditions: [disrupted],
          containerStatuses: [{ name: 'main', restartCount: 0, state: { terminated: { exitCode: 1, finishedAt: startTime } } }],
        },
      },
    },
  },
  ['status {"uncountedTerminatedPods":{"failed":["a"]}}', 'release a', 'create pod work-?'],
)
check(
  'a rule gives an index up',
  {
    spec: { ...perIndex, podFailurePolicy: onCode('FailIndex', [42]).podFailurePolicy },
    status: { ...running, failedIndexes: '' },
    pods: { a: { exit: [42, 9], index: 0, failures: 0 }, b: { index: 1 } },
  },
  ['status {"uncountedTerminatedPods":{"failed":["a"]},"failedIndexes":"0"}', 'release a', 'create pod work-2-?'],
)
check('with a policy only ended pods are failed ones', { spec: { ...onCode('FailJob', [3]) }, status: running, pods: { a: leaving } }, [
  'status {"active":null,"terminating":1}',
])
const succeedsBy = (rule: object) => ({ ...indexed, successPolicy: { rules: [{ succeededIndexes: '9' }, rule] } })
for (const rule of [{ succeededIndexes: '1-2' }, { succeededCount: 2 }, { succeededIndexes: '2-3', succeededCount: 1 }])
  check(
    `a success policy ends the job early: ${JSON.stringify(rule)}`,
    {
      spec: succeedsBy(rule),
      status: { ...running, completedIndexes: '1,2', succeeded: 2 },
      pods: { a: { index: 0 } },
    },
    ['status {"conditions":["SuccessCriteriaMet SuccessPolicy Matched rules at index 1"]}', 'release a', 'delete pod a'],
  )
check(
  'or not yet',
  {
    spec: succeedsBy({ succeededIndexes: '0-1' }),
    status: { ...running, completedIndexes: '1', succeeded: 1 },
    pods: { a: { index: 0 }, b: { index: 2 } },
  },
  ['status {"active":2}'],
)
const onContainer = (containerName: string) => ({
  completions: 1,
  podFailurePolicy: { rules: [{ action: 'Ignore', onExitCodes: { containerName, operator: 'NotIn', values: [3] } }] },
})
check('a rule about a container', { spec: onContainer('main'), status: begun, pods: { a: broken } }, ['release a', 'create pod work-?'])
check('a rule about another container', { spec: onContainer('other'), status: begun, pods: { a: broken } }, [
  'status {"uncountedTerminatedPods":{"failed":["a"]}}',
  'release a',
  'create pod work-?',
])
check(
  'a container that ended well is no failure, whatever a rule leaves out',
  {
    spec: onContainer('main'),
    status: begun,
    pods: {
      a: {
        phase: 'Failed',
        status: { containerStatuses: [{ name: 'main', restartCount: 0, state: { terminated: { exitCode: 0, finishedAt: startTime } } }] },
      },
    },
  },
  ['status {"uncountedTerminatedPods":{"failed":["a"]}}', 'release a', 'create pod work-?'],
)
