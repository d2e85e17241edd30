"""Names that no vocabulary holds, told by their form: "ciliary dysfunction", "hypomagnesemia", "sleeve gastrectomy".

Such a name becomes a leaf without a concept: only the very name answers it, and the patient can be asked for it.
"""

from __future__ import annotations

from typing import Literal

Sort = Literal["condition", "procedure", "drug"]

HEADS = frozenset(
    """disease diseases disorder disorders syndrome syndromes dysfunction dysfunctions insufficiency failure damage injury injuries
    lesion lesions defect defects deficiency deficiencies impairment impairments disturbance disturbances malformation malformations
    anomaly anomalies abnormality abnormalities deformity deformities stenosis stenoses obstruction occlusion fistula fistulas fistulae
    disability disabilities instability infection infections inflammation hemorrhage haemorrhage bleeding tumor tumors tumour tumours
    mass masses ulcer ulcers ulceration edema oedema pain paralysis palsy weakness atrophy rupture perforation prolapse regurgitation
    blockage aneurysm aneurysms thrombus embolus embolism effusion effusions seizure seizures neuropathy illness illnesses ischemia
    ischaemia toxicity intoxication poisoning degeneration detachment dislocation fracture fractures burn burns""".split()
)
"""Nouns that end the name of a disease or finding."""

_WEAK = frozenset(
    """underlying serious severe medical general physical clinical critical terminal fatal lethal organic systemic somatic intercurrent
    limiting disabling debilitating target measurable measureable diagnosed diagnoised evaluable assessable study primary secondary major minor other same such certain
    specific particular relevant interfering confounding concurrent coexisting comorbid existing preexisting new old known unknown similar
    qualifying index residual persistent progressive stable active inactive refractory recurrent multiple single unilateral bilateral rare
    common unusual inappropriate unresolved uncontrolled controlled eligible original current present past prior previous first second
    third early late mild moderate acute chronic symptomatic asymptomatic functional structural technical social legal financial personal
    practical logistic logistical transport geographic geographical environmental occupational educational marital significant important
    additional concomitant associated related baseline extensive limited minimal complete partial total intended visible evident overt
    permanent temporary irreversible reversible life threatening any some all both either each every non pre post anti potential possible
    treated untreated advanced metastatic invasive malignant benign localized local distant regional""".split()
)
"""Words that do not name a disease together with its noun: "underlying disease" is any disease."""

_DISEASES = tuple(
    """itis emia aemia oma pathy algia uria plegia paresis penia ectasis ectasia sclerosis plasia atrophy hypertrophy dystrophy kinesis kinesia
    rrhea rrhoea rrhagia megaly stenosis phagia pnea pnoea malacia lithiasis dynia cytosis philia trichosis keratosis dermatosis nephrosis
    fibrosis necrosis thrombosis carcinomatosa matosis candidosis mycosis coccosis""".split()
)
_PROCEDURES = ("ectomy", "ostomy", "otomy", "plasty", "pexy", "centesis", "anastomosis", "scopy")
_DRUGS = tuple(
    """mab nib cillin floxacin mycin conazole prazole sartan statin gliptin gliflozin glutide parin xaban gatran tidine setron triptan ciclib
    parib cept caine barbital azepam azolam oxetine""".split()
)
_NOT = frozenset(
    """sympathy empathy apathy homeopathy naturopathy osteopathy telepathy diploma aroma coma phagocytosis endocytosis exocytosis
    anatomy autonomy taxonomy economy telescopy microscopy spectroscopy stereoscopy fluoroscopy philanthropy euplasia euthanasia
    reception percept concept accept except intercept""".split()
)
_SHORTEST = 6
"""Letters of a word that its ending may tell."""


def sort_of(words: list[str]) -> Sort | None:
    """What words in lower case name: None where they name nothing, or nothing in particular."""
    last = words[-1]
    if len(words) > 1 and last in HEADS:
        telling = [w for w in words[:-1] if w not in _WEAK and len(w) > 3]
        return "condition" if telling and all(w.isalpha() for w in words) else None
    if len(last) < _SHORTEST or last in _NOT or not last.isalpha():
        return None
    if any(w in _WEAK or not w.isalpha() for w in words[:-1]):
        return None
    if last.endswith(_DISEASES):
        return "condition"
    if last.endswith(_PROCEDURES):
        return "procedure"
    return "drug" if last.endswith(_DRUGS) else None
