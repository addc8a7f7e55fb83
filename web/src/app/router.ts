import { createRouter, createWebHistory, type RouteLocationNormalized } from 'vue-router'
import { can, loadMe, me, signedIn } from './session'

declare module 'vue-router' {
  interface RouteMeta {
    /** `staff`: header and navigation; `public`: for citizens; `bare`: the page has the screen for itself. */
    layout: 'staff' | 'public' | 'bare'
    /** What a post must carry to open the page, one of several; without it anybody may. */
    permission?: string | readonly string[]
    /** The key of the page's title. */
    title: string
  }
}

export const router = createRouter({
  history: createWebHistory('/'),
  scrollBehavior: (_to, _from, saved) => saved ?? { top: 0 },
  routes: [
    {
      path: '/',
      component: () => import('@/domains/participation/StartPage.vue'),
      meta: { layout: 'public', title: 'participation.start.title' },
    },
    {
      path: '/report',
      component: () => import('@/domains/participation/ReportPage.vue'),
      meta: { layout: 'public', title: 'app.nav.report' },
    },
    {
      path: '/follow',
      component: () => import('@/domains/participation/FollowPage.vue'),
      meta: { layout: 'public', title: 'app.nav.follow' },
    },
    {
      path: '/sign-in',
      component: () => import('@/domains/accounts/SignInPage.vue'),
      meta: { layout: 'public', title: 'accounts.signIn.title' },
    },
    {
      path: '/account',
      component: () => import('@/domains/accounts/AccountPage.vue'),
      meta: { layout: 'staff', title: 'app.account' },
    },
    {
      path: '/desk',
      component: () => import('@/domains/cases/DeskPage.vue'),
      meta: { layout: 'staff', permission: 'cases.read', title: 'app.nav.desk' },
    },
    {
      path: '/desk/new',
      component: () => import('@/domains/intake/NewReportPage.vue'),
      meta: { layout: 'staff', permission: 'reports.create', title: 'intake.new.title' },
    },
    {
      path: '/desk/waiting',
      component: () => import('@/domains/intake/WaitingPage.vue'),
      meta: { layout: 'staff', permission: 'cases.register', title: 'intake.waiting.title' },
    },
    {
      path: '/desk/held',
      component: () => import('@/domains/participation/HeldPage.vue'),
      meta: { layout: 'staff', permission: 'reports.judge', title: 'participation.held.title' },
    },
    {
      path: '/cases/:number',
      component: () => import('@/domains/cases/CasePage.vue'),
      props: true,
      meta: { layout: 'staff', permission: 'cases.read', title: 'cases.case.title' },
    },
    {
      path: '/approvals',
      component: () => import('@/domains/cases/approvals/ApprovalsPage.vue'),
      meta: {
        layout: 'staff',
        permission: ['cases.decide_hold', 'cases.decide_return'],
        title: 'approvals.inbox.title',
      },
    },
    {
      path: '/approvals/register',
      component: () => import('@/domains/cases/approvals/RegisterPage.vue'),
      meta: { layout: 'staff', permission: 'cases.read', title: 'approvals.register.title' },
    },
    {
      path: '/field',
      component: () => import('@/domains/cases/field/FieldPage.vue'),
      meta: { layout: 'staff', permission: ['cases.pre_verify', 'cases.check'], title: 'cases.field.title' },
    },
    {
      path: '/field/:number',
      component: () => import('@/domains/cases/field/FieldTaskPage.vue'),
      props: true,
      meta: { layout: 'staff', permission: ['cases.pre_verify', 'cases.check'], title: 'cases.field.title' },
    },
    {
      path: '/map',
      component: () => import('@/domains/cockpit/MapPage.vue'),
      meta: { layout: 'staff', permission: 'cases.read', title: 'app.nav.map' },
    },
    {
      path: '/wall',
      component: () => import('@/domains/cockpit/WallPage.vue'),
      meta: { layout: 'bare', permission: 'cases.read', title: 'app.nav.wall' },
    },
    {
      path: '/rules',
      component: () => import('@/domains/standards/RulesPage.vue'),
      meta: { layout: 'staff', permission: 'rules.read', title: 'app.nav.rules' },
    },
    {
      path: '/rules/compare',
      component: () => import('@/domains/standards/ComparePage.vue'),
      meta: { layout: 'staff', permission: 'rules.read', title: 'standards.compare.title' },
    },
    {
      path: '/rules/proposals',
      component: () => import('@/domains/standards/ProposalsPage.vue'),
      meta: { layout: 'staff', permission: 'rules.read', title: 'standards.proposals.title' },
    },
    {
      path: '/rules/proposals/new',
      component: () => import('@/domains/standards/NewProposalPage.vue'),
      meta: { layout: 'staff', permission: 'rules.propose', title: 'standards.begin.title' },
    },
    {
      path: '/rules/proposals/:number(\\d+)',
      component: () => import('@/domains/standards/ProposalPage.vue'),
      props: (to) => ({ number: Number(to.params['number']) }),
      meta: { layout: 'staff', permission: 'rules.read', title: 'standards.proposal.title' },
    },
    {
      path: '/rules/proposals/:number(\\d+)/rule',
      component: () => import('@/domains/standards/RuleEditPage.vue'),
      props: (to) => ({ number: Number(to.params['number']) }),
      meta: { layout: 'staff', permission: 'rules.propose', title: 'standards.edit.title' },
    },
    {
      path: '/rules/:category',
      component: () => import('@/domains/standards/CategoryPage.vue'),
      props: true,
      meta: { layout: 'staff', permission: 'rules.read', title: 'standards.category.title' },
    },
    {
      path: '/objects',
      component: () => import('@/domains/registry/ObjectsPage.vue'),
      meta: { layout: 'staff', permission: 'objects.read', title: 'app.nav.objects' },
    },
    {
      path: '/objects/census',
      component: () => import('@/domains/registry/CensusPage.vue'),
      meta: { layout: 'staff', permission: 'objects.read', title: 'registry.census.title' },
    },
    {
      path: '/objects/beats',
      component: () => import('@/domains/registry/BeatsPage.vue'),
      meta: { layout: 'staff', permission: 'objects.edit', title: 'registry.beats.title' },
    },
    {
      path: '/objects/import/:id?',
      component: () => import('@/domains/registry/ImportPage.vue'),
      props: (to) => ({ id: String(to.params['id'] ?? '') }),
      meta: { layout: 'staff', permission: 'objects.edit', title: 'registry.import.title' },
    },
    {
      path: '/objects/:code',
      component: () => import('@/domains/registry/ObjectPage.vue'),
      props: true,
      meta: { layout: 'staff', permission: 'objects.read', title: 'registry.object.title' },
    },
    {
      path: '/ledger',
      component: () => import('@/domains/registry/ledger/WhoPage.vue'),
      meta: { layout: 'staff', permission: 'ledger.read', title: 'app.nav.ledger' },
    },
    {
      path: '/ledger/gaps',
      component: () => import('@/domains/registry/ledger/GapsPage.vue'),
      meta: { layout: 'staff', permission: 'ledger.read', title: 'registry.gaps.title' },
    },
    {
      path: '/ledger/proposals',
      component: () => import('@/domains/registry/ledger/ProposalsPage.vue'),
      meta: { layout: 'staff', permission: 'ledger.read', title: 'registry.duties.title' },
    },
    {
      path: '/ledger/proposals/new',
      component: () => import('@/domains/registry/ledger/NewProposalPage.vue'),
      meta: { layout: 'staff', permission: 'ledger.propose', title: 'registry.duties.begin' },
    },
    {
      path: '/ledger/proposals/:number(\\d+)',
      component: () => import('@/domains/registry/ledger/ProposalPage.vue'),
      props: (to) => ({ number: Number(to.params['number']) }),
      meta: { layout: 'staff', permission: 'ledger.read', title: 'registry.duties.one' },
    },
    {
      path: '/ledger/rows',
      component: () => import('@/domains/registry/ledger/RowsPage.vue'),
      meta: { layout: 'staff', permission: 'ledger.read', title: 'registry.rows.title' },
    },
    {
      path: '/replies',
      component: () => import('@/domains/replies/RepliesPage.vue'),
      meta: { layout: 'staff', permission: 'replies.read', title: 'replies.title' },
    },
    {
      path: '/replies/:number',
      component: () => import('@/domains/replies/ReplyPage.vue'),
      props: true,
      meta: { layout: 'staff', permission: 'replies.read', title: 'replies.title' },
    },
    {
      path: '/orders',
      component: () => import('@/domains/orders/OrdersPage.vue'),
      meta: { layout: 'staff', permission: 'orders.read', title: 'app.nav.orders' },
    },
    {
      path: '/orders/new',
      component: () => import('@/domains/orders/NewOrderPage.vue'),
      meta: {
        layout: 'staff',
        permission: ['orders.remind', 'orders.issue', 'orders.instruct'],
        title: 'orders.begin',
      },
    },
    {
      path: '/orders/:number',
      component: () => import('@/domains/orders/OrderPage.vue'),
      props: true,
      meta: { layout: 'staff', permission: 'orders.read', title: 'orders.one' },
    },
    {
      path: '/scores',
      component: () => import('@/domains/evaluation/ScoresPage.vue'),
      meta: { layout: 'staff', permission: 'evaluation.read', title: 'app.nav.scores' },
    },
    {
      path: '/calendars',
      component: () => import('@/domains/clocks/CalendarsPage.vue'),
      meta: { layout: 'staff', permission: ['cases.read', 'city.set_up'], title: 'app.nav.calendars' },
    },
    {
      path: '/:missing(.*)*',
      component: () => import('./NotFoundPage.vue'),
      meta: { layout: 'public', title: 'app.notFound' },
    },
  ],
})

/** The code of a page and the answer to who is asking need not wait for each other. */
function fetchAhead(to: RouteLocationNormalized): void {
  for (const { components } of to.matched) {
    const page = components?.['default']
    if (typeof page === 'function') void (page as () => Promise<unknown>)().catch(() => null)
  }
}

router.beforeEach(async (to) => {
  fetchAhead(to)
  if (!me.value) await loadMe().catch(() => null)
  const personal = to.meta.layout !== 'public' || to.meta.permission
  if (personal && !signedIn.value) return { path: '/sign-in', query: { next: to.fullPath } }
  return true
})

/** Whether the person may open a page, by its own description. */
export function mayOpen(permission: string | readonly string[] | undefined): boolean {
  return !permission || [permission].flat().some(can)
}
