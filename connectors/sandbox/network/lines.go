package network

// question is one thing that customers say to the brand, with an answer that a
// webcare colleague might have given, for the history that [Network.Seed] makes.
type question struct {
	lang, text, answer string
}

// questions are what customers of an energy supplier say. {brand} is the
// brand's handle.
//
//nolint:misspell // Dutch
var questions = []question{
	{"nl", "{brand} ik ben vorige week verhuisd, maar krijg nog steeds de rekening van mijn oude adres. Hoe kan dat?", "Vervelend! Stuur ons een privébericht met je klantnummer en de opleverdatum, dan zetten we de eindafrekening klaar."},
	{"nl", "Mijn voorschot gaat van € 118 naar € 187?! {brand} waar slaat dat op?", "We begrijpen dat je daarvan schrikt. Het voorschot volgt je verbruik van vorig jaar; in Mijn Noordlicht kun je het zelf tot 20 % lager zetten."},
	{"nl", "{brand} zit er dit jaar nog een terugleververgoeding in voor zonnepanelen of kan ik ze beter van het dak halen ☀️", "Laat ze vooral liggen ☀️ De vergoeding die in je contract staat, geldt tot de einddatum ervan."},
	{"nl", "Al drie kwartier in de wacht bij {brand}. Muziekje is leuk, maar ik heb ook een baan.", "Sorry voor het wachten. Wil je een privébericht sturen met je vraag? Dan bellen wij jou vandaag nog."},
	{"nl", "Compliment voor de monteur van {brand} vanochtend: op tijd, vriendelijk én overschoenen aan 👏", "Wat fijn om te horen! We geven het compliment door aan de collega."},
	{"nl", "{brand} de slimme meter geeft al sinds maandag E03 op het scherm. Moet ik me zorgen maken?", ""},
	{"nl", "Kan iemand mij uitleggen wat 'vastrecht' precies is op de factuur van {brand}? Vraag het voor mijn moeder.", "Goede vraag: dat zijn de vaste leveringskosten per dag, los van wat je verbruikt. Groet aan je moeder!"},
	{"nl", "{brand} jullie app logt me elke dag uit. Android 15. Ben ik de enige?", "Je bent niet de enige; er staat een update klaar die dit oplost. Werk je app bij naar versie 6.2."},
	{"nl", "Overgestapt naar {brand} omdat jullie groen zijn. Waar zie ik eigenlijk waar mijn stroom vandaan komt?", "Welkom! Op je stroometiket, bij Mijn Noordlicht onder Contract, zie je de herkomst per bron."},
	{"nl", "@noordlicht_fan dit bedoel ik nou. {brand} doet wél aan langetermijncontracten toch?", ""},
	{"nl", "{brand} is mijn driejarig contract nou per 1 januari afgelopen of een jaar later? De brief en de website spreken elkaar tegen.", ""},
	{"nl", "Ik heb als bakkerij twee ovens draaien. {brand} hebben jullie ook een zakelijk tarief met vaste nachtprijs?", "Dat hebben we. Een collega van zakelijk neemt vandaag contact met je op als je ons je nummer in een privébericht stuurt."},
	{"nl", "{brand} jullie hebben € 240 dubbel afgeschreven. Wanneer krijg ik dat terug? Huur moet ook betaald.", "Dat mag niet gebeuren, excuses. Het dubbele bedrag staat binnen drie werkdagen weer op je rekening."},
	{"nl", "Vandaag 4 graden in huis omdat de warmtepomp van {brand} er weer mee ophoudt. Derde keer deze maand 🥶", ""},
	{"nl", "Mijn buurvrouw van 86 kreeg een 'medewerker van {brand}' aan de deur die haar pinpas wilde zien. Klopt dit???", "Nee! Onze medewerkers vragen nooit om een pinpas. Bel bij twijfel eerst de politie op 0900-8844 en daarna ons."},
	{"nl", "{brand} kan ik mijn termijnbedrag op de 25e laten afschrijven in plaats van op de 1e?", "Dat kan. In Mijn Noordlicht, bij Betalen, kies je zelf de dag van de maand."},
	{"nl", "Drie mails gestuurd, nul antwoord. {brand} bestaat jullie klantenservice nog?", "Zeker, en drie mails zonder antwoord is niet goed. Stuur je klantnummer in een privébericht, dan zoeken we het uit."},
	{"nl", "{brand} klopt het dat jullie stoppen met gas leveren in 2030? Las ik in de krant.", ""},
	{"nl", "Hoe lang duurt een overstap naar {brand}? Mijn contract elders loopt op de 14e af.", "Meestal veertien dagen. Meld je je deze week aan, dan sluit het precies aan en zit je nooit zonder stroom."},
	{"nl", "Chapeau {brand}, binnen 10 minuten antwoord op zondag. Daar kan een bank nog wat van leren.", ""},
	{"nl", "{brand} waarom moet ik € 75 betalen om mijn eigen meterkast te laten controleren?", ""},
	{"nl", "Wij zijn een VvE met 48 woningen en overwegen laadpalen. {brand} bij wie kan ik terecht?", "Leuk plan! Mail vve@noordlicht.test, dan maken we een afspraak voor een schouw."},
	{"nl", "Energierekening nul euro deze maand dankzij de panelen 😎 dank {brand}", "Dat zien we graag 😎"},
	{"nl", "{brand} ik kan als student de borg van € 200 echt niet missen. Is er een regeling?", "Die is er. Met een verklaring van je onderwijsinstelling vervalt de borg; upload hem bij Mijn Noordlicht."},
	{"nl", "Na 11 jaar weg bij {brand}. Nieuwe klanten krijgen cashback, trouwe klanten een verhoging.", ""},
	{"nl", "{brand} mijn naam staat verkeerd op de factuur. Het is 'ter Horst', niet 'Terhorst'.", "Dank, we hebben het aangepast. Op je volgende factuur staat het goed."},
	{"nl", "Is het prijsplafond er nou nog wel of niet? {brand} ik vind op jullie site drie verschillende antwoorden.", ""},
	{"nl", "{brand} dynamisch contract genomen: vannacht € 0,02 per kWh, de vaatwasser zingt 🎶", "Slim gepland! 🎶"},
	{"nl", "Kreeg een aanmaning van {brand} terwijl ik een betalingsregeling heb. Ik slaap hier slecht van.", "Wat naar, dat is niet de bedoeling. De aanmaning is ingetrokken en je regeling loopt gewoon door."},
	{"nl", "{brand} op de camping in Zweden en geen idee of ik thuis het gas heb dichtgedraaid. Kunnen jullie dat zien?", "Op afstand kunnen we dat niet zien. In de app zie je wel je verbruik per uur: loopt dat vlak, dan staat het uit."},
	{"nl", "Jullie reclame met die zingende koelkast 😂 {brand} wie verzint dit", "Wij ook, al drie weken 😂"},
	{"nl", "{brand} klopt het dat de meterstand per foto mag? Mijn ogen zijn niet meer wat ze waren.", "Jazeker! Maak een foto in de app, dan lezen wij de stand af."},
	{"nl", "De graafmachine van de aannemer van {brand} heeft mijn heg meegenomen. Met wie spreek ik over de schade?", ""},
	{"nl", "{brand} mijn dochter zit met astma in een koud huis omdat jullie monteur niet kwam opdagen. Dit is onacceptabel.", ""},
	{"nl", "Waarom vraagt {brand} om een kopie van mijn paspoort? Dat mag toch helemaal niet van de AP?", ""},
	{"nl", "{brand} kan het contract op twee namen? We zijn net getrouwd 🎉", "Gefeliciteerd! 🎉 Dat kan: bij Mijn Noordlicht voeg je onder Gegevens een tweede naam toe."},
	{"en", "{brand} I moved out in September and you're still billing me. Is there a human I can talk to?", "Sorry about that. Send us a direct message with your customer number and we'll close the account today."},
	{"en", "Does {brand} have an English version of the contract? My Dutch is okay but not 'general terms' okay.", "It does: choose EN at the top of your account page, and the contract is under Documents."},
	{"en", "{brand} my smart thermostat dropped off your cloud again. Third time since Friday.", ""},
	{"en", "Shout-out to {brand} for sorting out my double payment within an hour. Impressive.", "Glad we could help! Thanks for letting us know."},
	{"en", "{brand} what happens to my fixed price when I move to a bigger house?", "Your price moves with you until the end of the contract; only the monthly amount is calculated anew."},
	{"en", "Is it just me or did {brand} quietly raise the standing charge?", ""},
	{"en", "{brand} I'm on night shifts, is there any tariff that's cheaper between 9 and 17?", "Our dynamic contract often is. You can see tomorrow's hourly prices in the app from 15:00."},
	{"en", "Got a text from '{brand}' asking me to pay € 1.05 via a link. Scam, right?", "Yes, that's a scam. Please don't tap the link, and forward the text to phishing@noordlicht.test."},
	{"en", "{brand} the charger you installed trips my fuse every time the kettle is on.", ""},
	{"en", "Three engineers, three different stories. {brand} please just tell me which part is broken.", "That must be frustrating. We've asked one engineer to take it on from start to finish; she'll call you tomorrow."},
	{"en", "{brand} can I pay by credit card? I don't have a Dutch bank account yet.", "Not by credit card, but any European account works for direct debit."},
	{"en", "Switched to {brand} for the wind power. Where can I see which wind farm it is?", ""},
	{"en", "{brand} my landlord says I can't choose my own supplier. True?", "If the meter is yours alone, the choice is yours too. If heating is shared in the building, it is the owner's."},
	{"en", "Your chatbot just told me to 'have a sunny day' after I reported a gas smell. {brand} what on earth?", ""},
	{"en", "{brand} is the office in Zwolle open on Saturday? I'd rather talk face to face.", "It is, from 10:00 to 16:00. Coffee is on us."},
	{"en", "Finally got solar panels 🎉 {brand} what do I need to tell you, if anything?", "Congratulations 🎉 Register them at energieleveren.nl; we hear about it by ourselves."},
	{"en", "{brand} you estimated my reading at 9,000 kWh. It's a studio flat. With a plant.", "Even the thirstiest plant wouldn't manage that. Send us a photo of the meter and we'll correct it."},
	{"en", "Does {brand} support families with medical equipment during a planned outage? My son's ventilator has 4 hours of battery.", ""},
}

// outages are what people say when the power is gone. {place} is a town.
//
//nolint:misspell // Dutch
var outages = map[string][]string{
	"nl": {
		"{brand} stroom uit in {place}. Weten jullie meer?",
		"Heel de straat donker in {place}. {brand} hallo??",
		"{brand} al een uur geen stroom. Vriezer vol. {place}.",
		"Storing in {place}? {brand} jullie storingskaart doet het ook niet.",
		"Zit hier met een baby in het donker in {place}. Hoe lang nog {brand}?",
		"{brand} hoe laat is er weer stroom in {place}? Ik moet morgen om 5 uur op.",
		"Weer een storing in {place}. Tweede keer in een maand. {brand} krijgen we compensatie?",
		"Is het alleen bij mij of ligt heel {place} eruit? {brand}",
		"{brand} de verkeerslichten in {place} doen het ook niet. Levensgevaarlijk.",
		"Mijn moeder in {place} heeft een traplift en zit nu boven vast. {brand} bel me alsjeblieft.",
		"Gezellig, kaarsjes aan in {place} 🕯️ maar {brand} mag wel even iets laten weten.",
		"{brand} telefoonlijn in gesprek, website plat. Communicatie is ook een vak. #{place}",
		"Bij de supermarkt in {place} worden de koelingen leeggehaald. {brand} wanneer is dit opgelost?",
		"{brand} klopt het dat er een kabel is geraakt in {place}? Dat zeggen de buren.",
		"Knipperde drie keer en toen alles uit. {place}, 20:14. {brand}",
		"{brand} ik werk thuis en mis nu een deadline. Wie betaalt dat? {place}",
		"Warmtepomp uit, 15 graden en dalend in {place}. {brand} graag een eerlijk verhaal.",
		"{brand} in {place} is hij er net weer! Dank aan de mensen buiten in de kou.",
		"Al twee keer een andere hersteltijd gehoord van {brand}. Wat is het nou? {place}",
		"Straatlantaarns uit, alarm aan. Wat een avond in {place}. {brand}?",
	},
	"en": {
		"{brand} power's out in {place}. Any news?",
		"Whole block is dark in {place}. {brand} how long?",
		"{brand} your outage map is down too. We're in {place}.",
		"No power in {place} since eight. Insulin in the fridge, {brand} please advise.",
		"Is {place} out for everyone or just us? {brand}",
		"{brand} second outage this month in {place}. Do we get compensation?",
		"Stuck in a lift in {place} for 20 minutes. Out now. {brand} what happened?",
		"{brand} your phone line just hangs up on me. {place}.",
		"Candlelight dinner in {place}, not by choice. {brand}",
		"{brand} lights flickered back on in {place} and went off again. What's going on?",
	},
}

var bystanders = map[string][]string{
	"nl": {
		"Hier precies hetzelfde.", "Ik had dit vorige maand ook. Uiteindelijk opgelost na twee keer bellen.",
		"Volgen, ik wil dit ook graag weten.", "Sterkte, wat een gedoe.", "Bij ons ging het juist heel vlot, moet ik zeggen.",
		"Kijk eens in de app onder Contract, daar stond het bij mij.", "+1", "Laat je weten wat ze zeggen?",
	},
	"en": {
		"Same here.", "Had this last month, took two calls to get it fixed.", "Following, I'd like to know too.",
		"Oof. Good luck.", "It went very smoothly for us, to be fair.", "Let us know what they say?",
	},
}

var impatience = map[string][]string{
	"nl": {"{brand} hallo? Iemand?", "{brand} nog steeds geen antwoord…", "Ik wacht nog even geduldig, {brand} 🙃", "{brand} gaat hier nog iemand op reageren?"},
	"en": {"{brand} anyone there?", "{brand} still nothing…", "Still waiting patiently, {brand} 🙃", "{brand} will somebody answer this?"},
}

var additions = map[string][]string{
	"nl": {"\n\nEdit: ik bedoel natuurlijk deze maand.", " (Ik heb ook al gebeld.)", "\n\nEdit: klantnummer heb ik in een privébericht gestuurd.", "\n\nEdit: het is nog steeds zo."},
	"en": {"\n\nEdit: I mean this month, of course.", " (I've called as well.)", "\n\nEdit: sent you my customer number in private.", "\n\nEdit: still the same."},
}

var thanks = map[string][]string{
	"nl": {"Dank je!", "Top, dank voor het snelle antwoord.", "Helder, bedankt!", "Kijk, hier kan ik wat mee. Dank!", "Super, ik ga het proberen 👍",
		"Fijn dat jullie reageren. Privébericht is gestuurd.", "Opgelost! Bedankt 🙏", "Netjes, dank."},
	"en": {"Thank you!", "Great, thanks for the quick reply.", "Clear, cheers.", "That helps, thanks!", "Brilliant, will try that 👍", "Appreciate it. I've sent you a message.", "Sorted! Thanks 🙏"},
}

var further = map[string][]string{
	"nl": {"Dat heb ik al geprobeerd, maar het werkt niet. Wat nu?", "En geldt dat ook voor gas?", "Oké, en hoe lang gaat dat duren?",
		"Dat vertelde jullie collega gisteren anders…", "Sorry, maar dit is geen antwoord op mijn vraag.", "Kan ik dat ook telefonisch regelen?"},
	"en": {"I tried that, and it doesn't work. What next?", "Does that go for gas too?", "Okay, and how long will that take?",
		"Your colleague told me something else yesterday…", "Sorry, that doesn't answer my question.", "Can I arrange that by phone as well?"},
}
