"""Given names common enough to be known by sight, folded.

`SURE` are names and nothing else in the languages at hand, in capitals or not;
`CAPITAL` are words, brands or places too, so they count only with a capital and not
where any sentence would have one. Written from the common names of Italy, Britain and
the United States, and of the larger communities who live there; no list of persons.
"""

from __future__ import annotations

_SURE = frozenset(
    """
    alessandro alessandra alberto aldo alessio alfonso alfredo andrea angela
    antonella antonietta antonio antonia arianna armando arturo augusto barbara
    beatrice benedetta bernardo camilla carlo carla carlotta carmen carmine caterina
    cecilia cesare claudio claudia corrado cristian cristiano cristiana cristina
    daniele daniela dario davide debora deborah diego domenico donatella donato
    edoardo elena eleonora elisa elisabetta emanuele emanuela emilio enrico enrica
    enzo ernesto eugenio eva fabio fabiana fabiola federico federica ferdinando
    filippo flavio flavia francesco francesca gabriele gabriella gaetano gerardo
    giacomo giada gianluca gianni giancarlo gianfranco gianmarco gianpaolo giorgio
    giorgia giovanni giovanna giuliana giuliano giuseppe giuseppina graziella guido
    ignazio ilaria irene isabella ivano jacopo katia lorenzo luca lucia luciano
    luciana lucrezia luigi luigia luisa manuela marcello marco mariangela mario
    mariella marta martina massimiliano massimo matteo mattia maurizio mauro melissa
    michele michela mirella monica nicola nicolo nicoletta nunzia oriana paola paolo
    patrizia piero pietro raffaele raffaella renato renata renzo riccardo roberta
    roberto rocco romina rosanna rosaria rosario ruggero sabrina salvatore samanta
    samantha sandra sandro saverio sergio silvana silvano silvia simona simone sofia
    sonia stefania stefano susanna tania tatiana teresa tiziana tommaso umberto
    valentina valeria valerio vanessa veronica vincenza vincenzo virginia vittorio
    walter aaron abigail adam adrian aidan alan albert alex alexander alexandra
    alexis alice alison allison amanda amelia amy andrew angus anita ann anna anne
    annie anthony ashley ben benjamin bernard beth betty beverly brandon brenda
    brian bridget caitlin cameron carol caroline catherine cathy charles charlotte
    chelsea cheryl chloe chris christian christina christine christopher clare
    claire colin connor craig cynthia daniel danielle danny dave david deborah
    debbie dennis derek diane dominic donald donna doris dorothy douglas duncan
    dylan eddie edward eileen elaine eleanor elizabeth ella ellen ellie emily emma
    eric erica ethan evelyn fiona freya gareth gary gavin geoff geoffrey george
    georgina gerald gillian glenn gordon graham greg gregory hannah harriet harry
    hazel helen henry hilary hugh ian isabel isla jacob jacqueline jake james jamie
    jane janet janice jasmine jason jeff jeffrey jenna jennifer jenny jeremy jessica
    jill jim jimmy joan joanna joanne joe joel john johnny jonathan jordan joseph
    joshua joyce judith judy julia julian julie justin karen kate katherine kathleen
    kathryn katie keith kelly kenneth kerry kevin kieran kimberly kirsty kyle larry
    laura lauren leanne leo leon leonard lesley leslie liam linda lindsay lisa liz
    logan louis louise lucas lucy luke lynn madison margaret maria marie marilyn
    marion martha martin mary matt matthew maureen megan melanie michael michelle
    mike mohammed mohamed muhammad molly nancy naomi natalie natasha nathan neil
    nicholas nicole nigel nina noah norma oliver olivia oscar owen pamela patricia
    patrick paul paula pauline peter phil philip phillip phoebe priya rachel rajesh
    ralph raymond rebecca richard robert robin roger ronald rosemary ross roy
    russell ruth ryan sally sam samuel sandra sarah scott sean shannon sharon shaun
    sheila shirley simon sophia sophie stacey stephanie stephen steve steven stuart
    susan suzanne sylvia tara terry theresa thomas tim timothy tina todd tom tony
    tracey tracy trevor valerie vera vicky vincent wayne wendy william yvonne
    zachary abdul abdullah adriana agata ahmed aisha aleksandra alejandro ali amina
    amir amit ananya andrei andreea anil anita anjali ankit antoine asif beatriz
    bogdan camille carlos carolina catalina chloé cristian daniela deepak dmitri
    ekaterina elif emre erik esteban eva fatima fatma fernando florin francois
    gabriela ganesh giulio gonzalo gustavo hamza hans hassan hector heinrich helga
    hussein ibrahim igor imran ingrid ioana irina isabelle ivan jacques javier jean
    jing joana joao jorge juan jurgen kamal karim katarzyna khalid klaus kumar lars
    layla leila luis mahmoud malgorzata manuel marcin marek mariana marina matteo
    mehmet miguel mihai mohammad monika mustafa nadia natalia neha nikolai nuno olga
    omar osama pablo pavel pedro pierre piotr pooja radu rahul raj rashid ravi
    ricardo rosa sandeep sanjay santiago sergei sofia stanislav sunita svetlana sven
    tariq tomasz vijay vladimir wei xavier yusuf youssef yuki zainab zoltan
    """.split()  # noqa: SIM905  a list of 600 quoted words is no easier to check
)
# Names in the list above that are words or brands as well.
_ALSO_WORDS = frozenset(
    """
    alice angus ashley ben benedetta bernard carmen carol chelsea christian
    cristiana cristiano donato douglas ella giada gianni guido hazel jasmine jean
    jing johnny jordan julian charlotte logan madison santiago sofia kelly leon
    linda lucas luke marina massimo matt norma robin roger rosa rosaria rosario
    rosemary ross roy russell salvatore terry tim virginia wayne wei
    """.split()  # noqa: SIM905
)
SURE = (_SURE | {"jose", "josé"}) - _ALSO_WORDS
CAPITAL = _ALSO_WORDS - {"tim"} | frozenset(
    """
    alba allegra amanda amber art aurora autumn bianca bill bob brad brandy brooke
    bruno carmen chad chance charity chase chiara clara clemente costanza crystal
    daisy dale dawn dean desiree diana dick dina domenica don drew dora elio emma
    ester ezio faith fausto felice fede fiore fiorella franca franco frank gaia gay
    gemma gene gianni gina ginevra gioia giulia glen gloria grace grant guy heather
    hope irma italo iris ivy jack jay jean jewel jo jordan joy ken kim laila lana
    lance lara lea lee leonardo letizia lidia lily linda livia luna lynn mara marina
    mark max meg mei melody mercedes mia mimmo miranda miriam nadia natale nick nino
    nora norman olive ombra oreste page pasqua pasquale pat pearl penny pepe perla
    pia pio rich rita rob rod rosa rose ruby sara sasha serena sergio shane sienna
    silvestro sol stella sue summer ted tiffany vera victor victoria viola violet
    vita vito viviana virginia vittoria wade ward will willow zoe jing wei lin yan
    ming
    """.split()  # noqa: SIM905
)
