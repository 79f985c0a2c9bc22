// Package provision brings a tenant's database to a template, knowing nothing of it but verdicts: check, plan, apply, check
// again, both roles in one process.
//
//	template's DDL ─▶ design ─▶ template ─────────┐
//	tenant's database ─▶ check (encrypted) ─▶ verdicts ─▶ [plan.New] ─▶ plan
//	        ▲                                                            │
//	        └── check again ◀── [executor.Apply] ◀── decisions ◀─────────┘
//
// What the planner is given is a [plan.Blueprint], which is the template's, and goals, which are judged facts and verdicts.
package provision
