print("never printed")
do local a < 1 end
